/* Errors: a code, what may be done about it, whose limit was met, and text for a human.
 *
 * The storage is the caller's: a plugin fills the struct it was handed and allocates nothing, so an error outlives
 * the plugin that wrote it. */
#ifndef OUTSIZE_ABI_ERROR_H
#define OUTSIZE_ABI_ERROR_H

#include <outsize/abi/base.h>

OUTSIZE_EXTERN_C_BEGIN

/* Can the same call ever succeed, and after what? */
#define OUTSIZE_RETRY_NEVER 0u        /* never: do not send this again */
#define OUTSIZE_RETRY_AFTER_CHANGE 1u /* only after somebody changed something: config, name, permission */
#define OUTSIZE_RETRY_LATER 2u        /* the same call may pass later */
#define OUTSIZE_RETRY_RECONNECT 3u    /* on a new link */

/* What the failure is about; everything outside of it is unharmed. */
#define OUTSIZE_SCOPE_RECORD 0u
#define OUTSIZE_SCOPE_LINK 1u
#define OUTSIZE_SCOPE_PEER 2u
#define OUTSIZE_SCOPE_LOG 3u
#define OUTSIZE_SCOPE_NODE 4u
#define OUTSIZE_SCOPE_CLUSTER 5u

#define OUTSIZE_ERROR_TEXT_BYTES 384u
#define OUTSIZE_ERROR_REMEDY_BYTES 192u

/* actual_bytes and limit_bytes are zero where no size is involved. A failure that is about a size must set both,
 * and its retry class must be OUTSIZE_RETRY_NEVER or OUTSIZE_RETRY_AFTER_CHANGE. */
typedef struct outsize_error {
  uint32_t struct_size;
  uint32_t code; /* one of <outsize/abi/error_codes.h>; 0 = no error */
  uint8_t retry; /* OUTSIZE_RETRY_* */
  uint8_t scope; /* OUTSIZE_SCOPE_* */
  uint16_t reserved;
  int32_t vendor_code; /* errno or the plugin's own number; 0 when there is none */
  uint64_t actual_bytes;
  uint64_t limit_bytes;
  char text[OUTSIZE_ERROR_TEXT_BYTES];     /* what was wrong, with the value */
  char remedy[OUTSIZE_ERROR_REMEDY_BYTES]; /* what to do about it; may be empty */
} outsize_error;

OUTSIZE_EXTERN_C_END

#endif
