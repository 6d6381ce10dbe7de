/* outsize.blob-store/1: whole payloads under a key, durable when finish returns.
 *
 *   B-01  A blob becomes visible to get, stat and list as a whole, within a finish that returns 1 and never before; a
 *         put that ended any other way leaves nothing that these can see.
 *   B-02  finish returns 1 only when every byte is durable: a power cut right after must not lose it.
 *   B-03  Missing, denied, unavailable and corrupt are four different errors: blob_missing, blob_denied,
 *         blob_unavailable, blob_corrupt. No room is disk_full. The text of each names the key and the store's place.
 *   B-04  Calls may block; they run on the host's blob threads, several at once per instance but never two on the
 *         same put. Each takes a deadline, and a flag that the host may set to stop it early: both are looked at
 *         between steps, and a call that gives up answers timed_out or cancelled. A finish that has made its blob
 *         visible answers 1, however late it is.
 *   B-05  A key is written once. Keys are log/segment/number, and no number is given out twice, so whoever puts a key
 *         that holds a blob is a sequencer that was fenced, another cluster or a mistake, and replacing the blob would
 *         take the payload away from a reference that may be committed. begin may refuse it and finish must, both
 *         with blob_exists, and the blob stays what it was. Of several puts of one key at once the first finish wins.
 *         That is also how nodes agree on a store's marker. After remove the key is free again.
 *   B-06  A put takes exactly the bytes announced. One too many is refused by chunk, one too few by finish, both with
 *         invalid_argument and both sizes. After a chunk that failed, for whatever reason, the put is over: nothing of
 *         it is kept, and all that is asked of it answers an error.
 *   B-07  An illegal key is answered invalid_argument, and nothing is touched. */
#ifndef OUTSIZE_ABI_BLOB_STORE_H
#define OUTSIZE_ABI_BLOB_STORE_H

#include <outsize/abi/base.h>
#include <outsize/abi/error.h>
#include <outsize/abi/host.h>
#include <outsize/abi/param.h>

OUTSIZE_EXTERN_C_BEGIN

#define OUTSIZE_BLOB_STORE_KIND "outsize.blob-store/1"

typedef struct outsize_blob_store outsize_blob_store; /* the plugin's instance */
typedef struct outsize_blob_put outsize_blob_put;     /* one upload under way */

typedef struct outsize_blob_call {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t deadline_ns;            /* of the host's clock */
  const volatile uint32_t *cancel; /* give up when it is not 0; may be null */
} outsize_blob_call;

typedef struct outsize_blob_info {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t size;
  uint64_t modified_unix_s; /* wall clock of the store, for humans and grace periods */
} outsize_blob_info;

typedef struct outsize_blob_store_open {
  uint32_t struct_size;
  uint32_t param_count;
  const outsize_host *host;
  const outsize_param_value *params;
} outsize_blob_store_open;

#define OUTSIZE_BLOB_KEY_BYTES_MAX 512u
/* Of the 255 bytes that most file systems give to a name, some stay for what a store adds to it. */
#define OUTSIZE_BLOB_KEY_PART_BYTES_MAX 200u

/* Keys are 1 to 512 bytes of [a-z A-Z 0-9 . _ - /], given by the host; the parts between '/' have 1 to 200 bytes and
 * none is "." or "..". A key and a longer one that goes on after it with '/' may hold a blob each. The order of keys is
 * that of their bytes. Functions return 1, or 0 with error filled, unless a comment says otherwise. */
typedef struct outsize_blob_store_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* Makes an instance and proves that the store can be used. [control] */
  int32_t (*create)(const outsize_blob_store_open *open, outsize_blob_store **out, outsize_error *error);

  /* Begins an upload of exactly `size` bytes; 0 is a size like any other. A store that can tell that it has no room for
   * them answers disk_full. [blocking & open] */
  int32_t (*begin)(outsize_blob_store *self, const outsize_blob_call *call, const char *key, uint64_t size,
                   outsize_blob_put **out, outsize_error *error);

  /* The next bytes; the plugin keeps no pointer to them. [blocking & open] */
  int32_t (*chunk)(outsize_blob_put *put, const outsize_blob_call *call, const uint8_t *data, uint64_t size,
                   outsize_error *error);

  /* Makes the blob durable and visible, having checked that exactly the announced bytes came. Frees `put` in any case.
   * [blocking & open] */
  int32_t (*finish)(outsize_blob_put *put, const outsize_blob_call *call, outsize_error *error);

  /* Gives the upload up and removes its traces. Frees `put`. [blocking & open] */
  void (*abandon)(outsize_blob_put *put);

  /* Reads up to `size` bytes at `from` into `data`; *got is less than size only at the end of the blob, and 0 behind
   * it. What lies behind data + *got is left alone. [blocking & open] */
  int32_t (*get)(outsize_blob_store *self, const outsize_blob_call *call, const char *key, uint64_t from, uint8_t *data,
                 uint64_t size, uint64_t *got, outsize_error *error);

  /* [blocking & open] */
  int32_t (*stat)(outsize_blob_store *self, const outsize_blob_call *call, const char *key, outsize_blob_info *info,
                  outsize_error *error);

  /* Calls on_key for each blob whose key begins with `prefix`, in the order of the keys, until on_key returns 0. A blob
   * that is there during the whole call is told exactly once; one that comes or goes meanwhile is told at most once.
   * on_key may call get, stat and remove. `prefix` is any text; none that is no beginning of a legal key is told
   * anything. [blocking & open] */
  int32_t (*list)(outsize_blob_store *self, const outsize_blob_call *call, const char *prefix, void *context,
                  int32_t (*on_key)(void *context, const char *key, const outsize_blob_info *info),
                  outsize_error *error);

  /* Removes one blob; a missing one answers blob_missing. A power cut may bring it back. [blocking & open] */
  int32_t (*remove)(outsize_blob_store *self, const outsize_blob_call *call, const char *key, outsize_error *error);

  /* Bytes that a put begun now might announce, or UINT64_MAX when the store cannot tell. [blocking & open] */
  uint64_t (*free_bytes)(outsize_blob_store *self);

  /* Frees the instance; no put is under way. [control] */
  void (*destroy)(outsize_blob_store *self);
} outsize_blob_store_api;

OUTSIZE_EXTERN_C_END

#endif
