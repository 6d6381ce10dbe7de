/* outsize.size-policy/1: decides about one record that is over the threshold of its log.
 *
 *   P-01  decide is a pure function of its input and the parameters given at create: no clock, no randomness, no I/O,
 *         no allocation, no lock. The same input gives the same plan, on every thread, instance and start.
 *   P-02  A policy is asked about one record, never about a batch.
 *   P-03  A plan says what shall happen to the bytes; it never changes them.
 *   P-04  The host checks every plan (each entry it causes fits the segment limit, the store exists) and carries it
 *         out. A plan that breaks a rule is a refusal of the record and a log line that names the policy.
 *   P-05  Fragment, commit and reference formats belong to the host, so that a log stays readable without the policy.
 */
#ifndef OUTSIZE_ABI_SIZE_POLICY_H
#define OUTSIZE_ABI_SIZE_POLICY_H

#include <outsize/abi/buffer.h>
#include <outsize/abi/error.h>
#include <outsize/abi/host.h>
#include <outsize/abi/param.h>

OUTSIZE_EXTERN_C_BEGIN

#define OUTSIZE_SIZE_POLICY_KIND "outsize.size-policy/1"

typedef struct outsize_size_policy outsize_size_policy; /* the plugin's instance */

/* A header of the record. Layout frozen for ABI 1. Neither text ends in a zero byte. */
typedef struct outsize_header {
  const char *name;
  uint64_t name_bytes;
  const uint8_t *value;
  uint64_t value_bytes;
} outsize_header;

#define OUTSIZE_BLOB_STORE_READY 1u
#define OUTSIZE_BLOB_STORE_UNAVAILABLE 2u
#define OUTSIZE_BLOB_STORE_FULL 3u
#define OUTSIZE_BLOB_STORE_FOREIGN 4u /* its marker object is missing or another cluster's */

typedef struct outsize_blob_store_state {
  uint32_t struct_size;
  uint32_t state; /* OUTSIZE_BLOB_STORE_* */
  const char *name;
  uint64_t free_bytes; /* UINT64_MAX when unknown */
} outsize_blob_store_state;

#define OUTSIZE_PLAN_DECLINE 0u /* not mine: ask the next policy */
#define OUTSIZE_PLAN_REJECT 1u  /* refuse the record; ends the chain */
#define OUTSIZE_PLAN_SPLIT 2u   /* cut the payload into fragments of fragment_bytes */
#define OUTSIZE_PLAN_SPILL 3u   /* write the payload to blob_store, append a reference */

/* Everything a decision may depend on: a snapshot made by the host. */
typedef struct outsize_policy_input {
  uint32_t struct_size;
  uint32_t header_count;
  const char *log;
  const char *producer; /* empty when the client named none */
  const uint8_t *key;   /* null without a key */
  uint64_t key_bytes;
  const outsize_header *headers;

  uint64_t payload_bytes; /* exact; declared by the client, held to it by the host */
  uint64_t entry_bytes;   /* exact size of the record as one entry, overhead included */

  /* Limits, pinned for this decision. An entry fits when it is at most entry_bytes_max. */
  uint64_t entry_bytes_max;     /* largest entry the segment takes */
  uint64_t segment_limit_bytes; /* largest message of the segment: the smallest of its nodes' message limits */
  uint64_t policy_limit_bytes;  /* largest message that carries a record of this log; never above the segment limit */

  uint64_t fragment_overhead_bytes; /* a fragment entry is this much larger than its piece of payload */
  uint64_t commit_entry_bytes;      /* size of the commit entry of this record */
  uint64_t reference_entry_bytes;   /* size of the reference entry of this record */
  uint64_t fragments_max;           /* most fragments a set may have */

  uint32_t plans_failed;     /* plans of this very append that failed while carried out: 0 at the first try */
  uint32_t last_failed_plan; /* kind of the last of them, or 0 */
  uint32_t last_failed_code; /* its error code, or 0 */
  uint32_t blob_store_count;
  uint32_t blob_store_bytes; /* sizeof(outsize_blob_store_state) as the host knows it: the stride of blob_stores */
  uint32_t open_sets;        /* split sets of this log that are under way */
  const outsize_blob_store_state *blob_stores;

  /* Bytes that went each way in the last minute and hour. Producers of a log that have no name count as one. */
  uint64_t log_split_bytes_minute, log_split_bytes_hour;
  uint64_t log_spilled_bytes_minute, log_spilled_bytes_hour;
  uint64_t producer_split_bytes_minute, producer_split_bytes_hour;
  uint64_t producer_spilled_bytes_minute, producer_spilled_bytes_hour;
} outsize_policy_input;

#define OUTSIZE_PLAN_STORE_BYTES 64u
#define OUTSIZE_PLAN_REASON_BYTES 192u

/* The answer, in the host's storage: zeroed, with struct_size set, before decide is called. */
typedef struct outsize_policy_plan {
  uint32_t struct_size;
  uint32_t kind;                             /* OUTSIZE_PLAN_*; a host refuses a kind it does not know */
  uint64_t fragment_bytes;                   /* SPLIT: payload bytes of each fragment but the last */
  char blob_store[OUTSIZE_PLAN_STORE_BYTES]; /* SPILL: the store's configured name */
  char reason[OUTSIZE_PLAN_REASON_BYTES];    /* goes into the policy trace. REJECT and DECLINE: why. SPLIT and SPILL: a
                                                remark, or empty */
  uint32_t warn; /* 1: the record is to be logged and counted as large although the plan goes ahead */
  uint32_t reserved;
} outsize_policy_plan;

/* What create is given. Valid during create only, but for `host`. */
typedef struct outsize_size_policy_open {
  uint32_t struct_size;
  uint32_t param_count;
  const outsize_host *host;
  const outsize_param_value *params;
} outsize_size_policy_open;

typedef struct outsize_size_policy_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* Makes an instance. Returns 1 and sets *out, or 0 with error filled. [control] */
  int32_t (*create)(const outsize_size_policy_open *open, outsize_size_policy **out, outsize_error *error);

  /* Fills *plan. Returns 1, or 0 with error filled, which the host treats as a refusal and logs. [any] */
  int32_t (*decide)(const outsize_size_policy *self, const outsize_policy_input *input, outsize_policy_plan *plan,
                    outsize_error *error);

  /* Frees the instance. [control] */
  void (*destroy)(outsize_size_policy *self);
} outsize_size_policy_api;

OUTSIZE_EXTERN_C_END

#endif
