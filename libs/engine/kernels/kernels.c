/* The passes between a FLUX.2 block's matrix products, each one sweep over the data instead of several: f32 on a CPU.
 *
 * Plain C on plain pointers; the Rust side (src/kernels) checks shapes, number types and lifetimes. Threads are
 * OpenMP's, the ones libtorch uses itself, so nobody competes for the cores.
 */
#include <math.h>
#include <stdint.h>

/* Below this many numbers a second thread costs more than it saves. */
#define WORTH_THREADS 16384

/* One version per instruction set, picked when the library is loaded. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define VERSIONS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VERSIONS
#endif

/* e^x by 2^n times a polynomial (Cephes expf): relative error below 2e-7 for |x| <= 87. Adding and taking away 1.5 * 2^23
 * rounds to a whole number, whose bits are then those of the sum: no branch, no conversion. */
static inline __attribute__((always_inline)) float exponential(float x) {
    const float round = 12582912.0f;
    x = x < 87.0f ? x : 87.0f;
    x = x > -87.0f ? x : -87.0f;
    float shifted = x * 1.44269504088896341f + round;
    int32_t whole;
    __builtin_memcpy(&whole, &shifted, sizeof whole);
    float n = shifted - round;
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    int32_t bits = (int32_t)((uint32_t)whole << 23) + (127 << 23);
    float power;
    __builtin_memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* One row: y = (x - mean) / sqrt(variance + eps) * scale + shift. */
VERSIONS static void norm_row(float *restrict y, const float *restrict x, const float *restrict scale,
                              const float *restrict shift, int64_t dim, float eps) {
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < dim; i++) sum += x[i];
    float mean = sum / (float)dim, squares = 0.0f;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < dim; i++) squares += (x[i] - mean) * (x[i] - mean);
    float inverse = 1.0f / sqrtf(squares / (float)dim + eps);
    for (int64_t i = 0; i < dim; i++) y[i] = (x[i] - mean) * inverse * scale[i] + shift[i];
}

void cavendish_modulated_norm(float *y, const float *x, const float *scale, const float *shift, int64_t groups,
                              int64_t modulation_stride, int64_t rows, int64_t dim, float eps) {
#pragma omp parallel for if (groups * rows * dim > WORTH_THREADS)
    for (int64_t row = 0; row < groups * rows; row++) {
        int64_t at = row / rows * modulation_stride;
        norm_row(y + row * dim, x + row * dim, scale + at, shift + at, dim, eps);
    }
}

/* One row: x += gate * y. */
VERSIONS static void gate_row(float *restrict x, const float *restrict y, const float *restrict gate, int64_t dim) {
    for (int64_t i = 0; i < dim; i++) x[i] += gate[i] * y[i];
}

void cavendish_add_gated(float *x, const float *y, const float *gate, int64_t groups, int64_t modulation_stride,
                         int64_t rows, int64_t dim) {
#pragma omp parallel for if (groups * rows * dim > WORTH_THREADS)
    for (int64_t row = 0; row < groups * rows; row++) {
        gate_row(x + row * dim, y + row * dim, gate + row / rows * modulation_stride, dim);
    }
}

/* One row: y = silu(first half of x) * second half. */
VERSIONS static void swiglu_row(float *restrict y, const float *restrict x, int64_t width) {
    for (int64_t i = 0; i < width; i++) y[i] = x[i] / (1.0f + exponential(-x[i])) * x[width + i];
}

void cavendish_swiglu(float *y, int64_t y_stride, const float *x, int64_t x_stride, int64_t rows, int64_t width) {
#pragma omp parallel for if (rows * width > WORTH_THREADS / 4)
    for (int64_t row = 0; row < rows; row++) swiglu_row(y + row * y_stride, x + row * x_stride, width);
}

/* One head of one token: root-mean-square norm with a learnt scale, then each pair of channels turned. */
VERSIONS static void turn_head(float *restrict y, const float *restrict x, const float *restrict weight,
                               const float *restrict cosine, const float *restrict sine, int64_t head_dim, float eps) {
    float squares = 0.0f;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < head_dim; i++) squares += x[i] * x[i];
    float inverse = 1.0f / sqrtf(squares / (float)head_dim + eps);
    for (int64_t i = 0; i < head_dim / 2; i++) {
        float a = x[2 * i] * inverse * weight[2 * i], b = x[2 * i + 1] * inverse * weight[2 * i + 1];
        y[2 * i] = a * cosine[i] - b * sine[i];
        y[2 * i + 1] = a * sine[i] + b * cosine[i];
    }
}

VERSIONS static void copy_head(float *restrict y, const float *restrict x, int64_t head_dim) {
    for (int64_t i = 0; i < head_dim; i++) y[i] = x[i];
}

void cavendish_heads(float *q, float *k, float *v, const float *qkv, int64_t qkv_stride, int64_t batch, int64_t tokens,
                     int64_t heads, int64_t head_dim, int64_t q_tokens, int64_t kv_tokens, int64_t first,
                     const float *q_weight, const float *k_weight, const float *cosine, const float *sine, float eps) {
    int64_t half = head_dim / 2, dim = heads * head_dim;
#pragma omp parallel for if (batch * tokens * dim > WORTH_THREADS / 4)
    for (int64_t row = 0; row < batch * tokens; row++) {
        int64_t image = row / tokens, token = first + row % tokens;
        const float *from = qkv + row * qkv_stride, *c = cosine + token * half, *s = sine + token * half;
        for (int64_t head = 0; head < heads; head++) {
            int64_t lane = image * heads + head, at = head * head_dim;
            int64_t to = (lane * q_tokens + token) * head_dim, kv = (lane * kv_tokens + token) * head_dim;
            turn_head(q + to, from + at, q_weight, c, s, head_dim, eps);
            turn_head(k + kv, from + dim + at, k_weight, c, s, head_dim, eps);
            copy_head(v + kv, from + 2 * dim + at, head_dim);
        }
    }
}
