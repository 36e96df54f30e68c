/* libjpeg leaves by longjmp and only warns of what is missing: both end here. Every warning that means missing or broken
   pixels is an error; what does no harm (stray bytes, an end marker that is not there) is taken. */
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

/* More scans than any encoder writes: each costs a pass over all pixels (libjpeg-turbo's own advice against bombs). */
#define MOST_SCANS 120

/* Bytes that the decoder holds before it needs them. */
#define TAKEN_AHEAD 16

enum { FAULT_NONE, FAULT_TRUNCATED, FAULT_BROKEN };

typedef struct {
    uint32_t width, height;   /* of the pixels that come out, after the reduction */
    uint32_t channels;        /* that come out: 1 grey, 3 RGB, 4 CMYK */
    uint32_t buffered;        /* whether all coefficients are held in memory, since there are several scans */
    uint32_t inverted;        /* of CMYK, whether 255 is no ink, as Adobe writes */
} cavendish_jpeg_head;

typedef struct {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf back;
    const uint8_t *bytes;
    int fault;
    int missing_end;
    char words[JMSG_LENGTH_MAX];
} reader;

static void leave(j_common_ptr codec, int fault) {
    reader *self = codec->client_data;
    if (self->fault == FAULT_NONE) {
        self->fault = fault;
        codec->err->format_message(codec, self->words);
    }
    longjmp(self->back, 1);
}

static void fatal(j_common_ptr codec) {
    leave(codec, codec->err->msg_code == JERR_INPUT_EOF ? FAULT_TRUNCATED : FAULT_BROKEN);
}

/* Whether the bytes before the place of reading are padding that no pixel was made of: one value again and again, not
   many more of them than were passed over. The decoder takes a few bytes ahead. */
static int is_padding(j_decompress_ptr codec, size_t count) {
    const reader *self = codec->client_data;
    const uint8_t *end = codec->src->next_input_byte;
    size_t all = (size_t)(end - self->bytes), alike = 0;
    while (alike < all && end[-1 - (ptrdiff_t)alike] == end[-1] && alike <= count + TAKEN_AHEAD) {
        alike++;
    }
    return alike + TAKEN_AHEAD >= count && alike <= count + TAKEN_AHEAD;
}

static void told(j_common_ptr codec, int level) {
    reader *self = codec->client_data;
    if (level >= 0) {
        return;
    }
    j_decompress_ptr of = (j_decompress_ptr)codec;
    switch (codec->err->msg_code) {
    case JWRN_HIT_MARKER:
        leave(codec, FAULT_TRUNCATED);
        break;
    case JWRN_JPEG_EOF:
        self->missing_end = 1;
        break;
    case JWRN_EXTRANEOUS_DATA:
        /* Before the first scan nothing is lost by them. Behind one, they are pixels out of step, or padding. */
        if (of->input_scan_number > 0 && !is_padding(of, (size_t)codec->err->msg_parm.i[0])) {
            leave(codec, FAULT_BROKEN);
        }
        break;
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
        break;
    default:
        leave(codec, FAULT_BROKEN);
    }
}

static void silent(j_common_ptr codec) { (void)codec; }

static void count_scans(j_common_ptr codec) {
    if (((j_decompress_ptr)codec)->input_scan_number > MOST_SCANS) {
        reader *self = codec->client_data;
        self->fault = FAULT_BROKEN;
        strcpy(self->words, "it has more scans than any encoder writes");
        longjmp(self->back, 1);
    }
}

static int broken(reader *self, int fault, const char *words) {
    self->fault = fault;
    strcpy(self->words, words);
    return fault;
}

void cavendish_jpeg_close(void *opened) {
    reader *self = opened;
    jpeg_destroy_decompress(&self->codec);
    free(self);
}

const char *cavendish_jpeg_words(const void *opened) { return ((const reader *)opened)->words; }

/* Reads the headers; 0, or the fault. The reader is to be closed in either case; NULL: out of memory. */
void *cavendish_jpeg_open(const uint8_t *bytes, size_t size, uint32_t denominator, cavendish_jpeg_head *head, int *fault) {
    reader *self = calloc(1, sizeof *self);
    if (!self) {
        return NULL;
    }
    j_decompress_ptr codec = &self->codec;
    codec->err = jpeg_std_error(&self->errors);
    self->errors.error_exit = fatal;
    self->errors.emit_message = told;
    self->errors.output_message = silent;
    codec->client_data = self;
    if (setjmp(self->back)) {
        *fault = self->fault;
        return self;
    }
    jpeg_create_decompress(codec);
    self->progress.progress_monitor = count_scans;
    codec->progress = &self->progress;
    self->bytes = bytes;
    jpeg_mem_src(codec, bytes, size);
    jpeg_read_header(codec, TRUE);
    switch (codec->jpeg_color_space) {
    case JCS_GRAYSCALE:
        codec->out_color_space = JCS_GRAYSCALE;
        break;
    case JCS_RGB:
    case JCS_YCbCr:
        codec->out_color_space = JCS_RGB;
        break;
    case JCS_CMYK:
    case JCS_YCCK:
        codec->out_color_space = JCS_CMYK;
        break;
    default:
        *fault = broken(self, FAULT_BROKEN, "its number of channels stands for no colours");
        return self;
    }
    codec->scale_num = 1;
    codec->scale_denom = denominator;
    jpeg_calc_output_dimensions(codec);
    head->width = codec->output_width;
    head->height = codec->output_height;
    head->channels = (uint32_t)codec->out_color_components;
    head->buffered = jpeg_has_multiple_scans(codec) ? 1 : 0;
    head->inverted = codec->saw_Adobe_marker ? 1 : 0;
    *fault = FAULT_NONE;
    return self;
}

/* Whether every coefficient of every channel came, to its last bit. */
static int is_whole(j_decompress_ptr codec) {
    for (int c = 0; c < codec->num_components; c++) {
        if (!codec->comp_info[c].quant_table) {
            return 0;
        }
        for (int k = 0; codec->progressive_mode && codec->coef_bits && k < DCTSIZE2; k++) {
            if (codec->coef_bits[c][k] != 0) {
                return 0;
            }
        }
    }
    return 1;
}

/* All rows; 0, or the fault. */
int cavendish_jpeg_decode(void *opened, uint8_t *pixels, size_t size) {
    reader *self = opened;
    j_decompress_ptr codec = &self->codec;
    if (setjmp(self->back)) {
        return self->fault;
    }
    jpeg_start_decompress(codec);
    size_t row = (size_t)codec->output_width * (size_t)codec->output_components;
    if (row * codec->output_height != size) {
        return broken(self, FAULT_BROKEN, "it has another size than its header says");
    }
    while (codec->output_scanline < codec->output_height) {
        JSAMPROW line = pixels + row * codec->output_scanline;
        jpeg_read_scanlines(codec, &line, 1);
    }
    /* Of several scans, all were read before the first row came out. */
    int whole = is_whole(codec);
    jpeg_finish_decompress(codec);
    return whole ? FAULT_NONE : broken(self, FAULT_TRUNCATED, "a scan is missing");
}
