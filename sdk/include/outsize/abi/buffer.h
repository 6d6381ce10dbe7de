/* Bytes that change hands without being copied. */
#ifndef OUTSIZE_ABI_BUFFER_H
#define OUTSIZE_ABI_BUFFER_H

#include <outsize/abi/base.h>

OUTSIZE_EXTERN_C_BEGIN

/* One stretch of bytes and one reference to whatever keeps it alive. Layout frozen for ABI 1.
 *
 * The bytes never change after the part was first handed over. `release` gives the reference back; it is called
 * exactly once for each reference, may be called from any thread, must not block and must not call the host or the
 * plugin. `retain` takes one more reference under the same rules. With a null `owner` the bytes are static, and both
 * functions may be null. */
typedef struct outsize_part {
  const uint8_t *data; /* may be null when size is 0 */
  uint64_t size;
  void *owner;
  void (*retain)(void *owner);  /* [any] */
  void (*release)(void *owner); /* [any] */
} outsize_part;

/* One message: parts[0] is the header part, the rest are payload parts. The boundaries between parts reach the
 * receiver as they are. Its size, the one that limits speak of, is the sum of all parts. */
#define OUTSIZE_MESSAGE_PARTS_MAX 1024u /* as many as one system call takes on Linux (IOV_MAX) */
typedef struct outsize_message {
  uint32_t struct_size;
  uint32_t part_count; /* 1 to OUTSIZE_MESSAGE_PARTS_MAX */
  const outsize_part *parts;
} outsize_message;

OUTSIZE_EXTERN_C_END

#endif
