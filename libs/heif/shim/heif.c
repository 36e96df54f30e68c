/* libheif's structures grow from version to version: they are touched here, against the headers of the installed one, and
   Rust sees only what is declared in this file. */
#include <libheif/heif.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t width, height; /* upright: libheif turns, mirrors and crops as the file says */
    uint32_t depth, alpha, premultiplied;
    uint32_t primaries, transfer; /* CICP, ITU-T H.273; 2 where nothing is said */
    size_t icc_size;
} cavendish_heif_head;

typedef struct {
    struct heif_context *context;
    struct heif_image_handle *handle;
    struct heif_image *image;
    int ended; /* whether the file broke off */
    char words[256];
} reader;

/* Keeps what libheif said; the reader gives no pixels then. */
static int failed(reader *self, struct heif_error error) {
    if (error.code == heif_error_Ok) {
        return 0;
    }
    strncpy(self->words, error.message ? error.message : "libheif failed", sizeof self->words - 1);
    self->ended = error.subcode == heif_suberror_End_of_data;
    return 1;
}

void cavendish_heif_close(void *opened) {
    reader *self = opened;
    if (self->image) {
        heif_image_release(self->image);
    }
    if (self->handle) {
        heif_image_handle_release(self->handle);
    }
    if (self->context) {
        heif_context_free(self->context);
    }
    free(self);
}

const char *cavendish_heif_words(const void *opened) { return ((const reader *)opened)->words; }

int cavendish_heif_ended(const void *opened) { return ((const reader *)opened)->ended; }

static void read_colours(const reader *self, cavendish_heif_head *head) {
    struct heif_color_profile_nclx *said = NULL;
    head->primaries = head->transfer = 2;
    if (heif_image_handle_get_nclx_color_profile(self->handle, &said).code == heif_error_Ok && said) {
        head->primaries = (uint32_t)said->color_primaries;
        head->transfer = (uint32_t)said->transfer_characteristics;
        heif_nclx_color_profile_free(said);
    }
    head->icc_size = heif_image_handle_get_raw_color_profile_size(self->handle);
}

/* Reads the container, decoding no pixel; `ok` tells whether it could. NULL: out of memory. */
void *cavendish_heif_open(const uint8_t *bytes, size_t size, uint32_t most_side, cavendish_heif_head *head, int *ok) {
    reader *self = calloc(1, sizeof *self);
    *ok = 0;
    if (!self) {
        return NULL;
    }
    self->context = heif_context_alloc();
    if (!self->context) {
        strcpy(self->words, "out of memory");
        return self;
    }
    heif_context_set_maximum_image_size_limit(self->context, (int)most_side);
    heif_context_set_max_decoding_threads(self->context, 1);
    if (failed(self, heif_context_read_from_memory_without_copy(self->context, bytes, size, NULL)) ||
        failed(self, heif_context_get_primary_image_handle(self->context, &self->handle))) {
        return self;
    }
    head->width = (uint32_t)heif_image_handle_get_width(self->handle);
    head->height = (uint32_t)heif_image_handle_get_height(self->handle);
    int depth = heif_image_handle_get_luma_bits_per_pixel(self->handle);
    head->depth = depth > 0 ? (uint32_t)depth : 8;
    head->alpha = heif_image_handle_has_alpha_channel(self->handle) ? 1 : 0;
    head->premultiplied = heif_image_handle_is_premultiplied_alpha(self->handle) ? 1 : 0;
    read_colours(self, head);
    *ok = 1;
    return self;
}

/* The profile's bytes, as many as the head says. */
int cavendish_heif_icc(void *opened, uint8_t *icc) {
    reader *self = opened;
    return !failed(self, heif_image_handle_get_raw_color_profile(self->handle, icc));
}

/* Decodes into RGBA with 8 bits, or with `depth` bits in 16 (little-endian); whether it could. */
int cavendish_heif_decode(void *opened, uint32_t depth, uint8_t *pixels, size_t size) {
    reader *self = opened;
    struct heif_decoding_options *options = heif_decoding_options_alloc();
    if (!options) {
        strcpy(self->words, "out of memory");
        return 0;
    }
    options->strict_decoding = 1;
    options->convert_hdr_to_8bit = 0;
    enum heif_chroma chroma = depth > 8 ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RGBA;
    struct heif_error error = heif_decode_image(self->handle, &self->image, heif_colorspace_RGB, chroma, options);
    heif_decoding_options_free(options);
    if (failed(self, error)) {
        return 0;
    }
    int stride = 0;
    const uint8_t *plane = heif_image_get_plane_readonly(self->image, heif_channel_interleaved, &stride);
    int width = heif_image_get_width(self->image, heif_channel_interleaved);
    int height = heif_image_get_height(self->image, heif_channel_interleaved);
    size_t row = (size_t)width * (depth > 8 ? 8 : 4);
    if (!plane || width <= 0 || height <= 0 || row * (size_t)height != size || (size_t)stride < row) {
        strcpy(self->words, "the picture has another size than its container says");
        return 0;
    }
    if (depth > 8 && heif_image_get_bits_per_pixel_range(self->image, heif_channel_interleaved) != (int)depth) {
        strcpy(self->words, "the picture has another depth than its container says");
        return 0;
    }
    for (int y = 0; y < height; y++) {
        memcpy(pixels + row * (size_t)y, plane + (size_t)stride * (size_t)y, row);
    }
    return 1;
}
