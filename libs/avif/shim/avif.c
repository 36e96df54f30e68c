/* libavif's structures change from version to version: they are touched here, against the headers of the installed one,
   and Rust sees only what is declared in this file. */
#include <avif/avif.h>
#include <string.h>

typedef struct {
    uint32_t width, height, depth, frames;
    uint32_t alpha, grey;
    uint32_t primaries, transfer; /* CICP, ITU-T H.273 */
    uint32_t turns;               /* anticlockwise quarters */
    uint32_t mirrored;            /* afterwards: 0 not, 1 top with bottom, 2 left with right */
    const uint8_t *icc;
    size_t icc_size;
    const uint8_t *xmp;
    size_t xmp_size;
} cavendish_avif_head;

/* Opens a file without decoding any pixel, for libaom where `strict`; NULL with the reason in `error`. The head's bytes live as long as the decoder. */
void *cavendish_avif_open(const uint8_t *bytes, size_t size, uint32_t most_pixels, uint32_t most_side, uint32_t strict,
                          cavendish_avif_head *head, const char **error) {
    avifDecoder *decoder = avifDecoderCreate();
    if (!decoder) {
        *error = "out of memory";
        return NULL;
    }
    decoder->maxThreads = 1;
    if (strict && avifCodecName(AVIF_CODEC_CHOICE_AOM, AVIF_CODEC_FLAG_CAN_DECODE)) {
        decoder->codecChoice = AVIF_CODEC_CHOICE_AOM;
    }
    decoder->ignoreExif = AVIF_TRUE;
    /* Widely used encoders leave out what this asks for, and no pixel depends on it. */
    decoder->strictFlags &= ~(avifStrictFlags)AVIF_STRICT_PIXI_REQUIRED;
    decoder->imageSizeLimit = most_pixels;
    decoder->imageDimensionLimit = most_side;
    avifResult result = avifDecoderSetIOMemory(decoder, bytes, size);
    if (result == AVIF_RESULT_OK) {
        result = avifDecoderParse(decoder);
    }
    if (result != AVIF_RESULT_OK) {
        *error = avifResultToString(result);
        avifDecoderDestroy(decoder);
        return NULL;
    }
    const avifImage *image = decoder->image;
    memset(head, 0, sizeof *head);
    head->width = image->width;
    head->height = image->height;
    head->depth = image->depth;
    head->frames = (uint32_t)decoder->imageCount;
    head->alpha = decoder->alphaPresent ? 1 : 0;
    head->grey = image->yuvFormat == AVIF_PIXEL_FORMAT_YUV400 ? 1 : 0;
    head->primaries = (uint32_t)image->colorPrimaries;
    head->transfer = (uint32_t)image->transferCharacteristics;
    if (image->transformFlags & AVIF_TRANSFORM_IROT) {
        head->turns = image->irot.angle;
    }
    if (image->transformFlags & AVIF_TRANSFORM_IMIR) {
#if AVIF_VERSION >= 1000000
        head->mirrored = image->imir.axis + 1u;
#else
        head->mirrored = image->imir.mode + 1u;
#endif
    }
    head->icc = image->icc.data;
    head->icc_size = image->icc.size;
    head->xmp = image->xmp.data;
    head->xmp_size = image->xmp.size;
    return decoder;
}

/* Decodes the first frame and keeps nothing; NULL, or the reason why not. */
const char *cavendish_avif_try(void *opened) {
    avifResult result = avifDecoderNextImage(opened);
    return result == AVIF_RESULT_OK ? NULL : avifResultToString(result);
}

/* Decodes the first frame into RGBA with straight alpha, 8 or 16 bits a channel; NULL, or the reason why not. */
const char *cavendish_avif_decode(void *opened, uint32_t depth, uint8_t *rgba, size_t size) {
    avifDecoder *decoder = opened;
    avifResult result = avifDecoderNextImage(decoder);
    if (result != AVIF_RESULT_OK) {
        return avifResultToString(result);
    }
    avifRGBImage rgb;
    memset(&rgb, 0, sizeof rgb);
    avifRGBImageSetDefaults(&rgb, decoder->image);
    rgb.format = AVIF_RGB_FORMAT_RGBA;
    rgb.depth = depth;
    rgb.pixels = rgba;
    rgb.rowBytes = rgb.width * 4 * (depth > 8 ? 2 : 1);
    if ((size_t)rgb.rowBytes * rgb.height != size) {
        return "the picture has another size than its container says";
    }
    result = avifImageYUVToRGB(decoder->image, &rgb);
    return result == AVIF_RESULT_OK ? NULL : avifResultToString(result);
}

void cavendish_avif_close(void *opened) { avifDecoderDestroy(opened); }

typedef struct {
    uint32_t width, height;
    uint32_t quality, speed; /* 0..=100, 0..=10 */
    uint32_t halved;         /* whether colour has half the resolution */
    uint32_t primaries;      /* CICP; ignored with a profile */
    const uint8_t *icc;
    size_t icc_size;
    const uint8_t *xmp;
    size_t xmp_size;
} cavendish_avif_wanted;

/* Encodes 8-bit RGB. The file is freed with cavendish_avif_free; NULL, or the reason why there is none. */
const char *cavendish_avif_encode(const uint8_t *pixels, const cavendish_avif_wanted *wanted, uint8_t **file, size_t *size) {
    avifPixelFormat format = wanted->halved ? AVIF_PIXEL_FORMAT_YUV420 : AVIF_PIXEL_FORMAT_YUV444;
    avifImage *image = avifImageCreate(wanted->width, wanted->height, 8, format);
    avifEncoder *encoder = avifEncoderCreate();
    avifRWData output = AVIF_DATA_EMPTY;
    avifResult result = AVIF_RESULT_OUT_OF_MEMORY;
    if (image && encoder) {
        image->yuvRange = AVIF_RANGE_FULL;
        image->colorPrimaries = (avifColorPrimaries)wanted->primaries;
        image->transferCharacteristics = AVIF_TRANSFER_CHARACTERISTICS_SRGB;
        image->matrixCoefficients = AVIF_MATRIX_COEFFICIENTS_BT601;
        if (wanted->icc_size) {
            avifImageSetProfileICC(image, wanted->icc, wanted->icc_size);
        }
        if (wanted->xmp_size) {
            avifImageSetMetadataXMP(image, wanted->xmp, wanted->xmp_size);
        }
        avifRGBImage rgb;
        memset(&rgb, 0, sizeof rgb);
        avifRGBImageSetDefaults(&rgb, image);
        rgb.format = AVIF_RGB_FORMAT_RGB;
        rgb.depth = 8;
        rgb.pixels = (uint8_t *)pixels;
        rgb.rowBytes = wanted->width * 3;
        encoder->maxThreads = 1;
        encoder->speed = (int)wanted->speed;
#if AVIF_VERSION >= 1000000
        encoder->quality = (int)wanted->quality;
#else
        encoder->minQuantizer = encoder->maxQuantizer = (int)((100 - wanted->quality) * 63 + 50) / 100;
#endif
        result = avifImageRGBToYUV(image, &rgb);
        if (result == AVIF_RESULT_OK) {
            result = avifEncoderWrite(encoder, image, &output);
        }
    }
    if (encoder) {
        avifEncoderDestroy(encoder);
    }
    if (image) {
        avifImageDestroy(image);
    }
    if (result != AVIF_RESULT_OK) {
        avifRWDataFree(&output);
        return avifResultToString(result);
    }
    *file = output.data;
    *size = output.size;
    return NULL;
}

void cavendish_avif_free(uint8_t *file) { avifFree(file); }
