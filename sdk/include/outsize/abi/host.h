/* What the host offers to a plugin. Valid from create to the end of destroy. */
#ifndef OUTSIZE_ABI_HOST_H
#define OUTSIZE_ABI_HOST_H

#include <outsize/abi/base.h>

OUTSIZE_EXTERN_C_BEGIN

#define OUTSIZE_LOG_DEBUG 0u
#define OUTSIZE_LOG_INFO 1u
#define OUTSIZE_LOG_WARN 2u
#define OUTSIZE_LOG_ERROR 3u
#define OUTSIZE_LOG_PLUGIN_MISBEHAVING 4u /* used by the host about a plugin; a plugin may use it about itself */

typedef struct outsize_host {
  uint32_t struct_size;
  uint32_t abi_minor; /* the host's OUTSIZE_ABI_MINOR */
  void *context;      /* first argument of everything below */

  /* Writes one line to the node's log. [any] */
  void (*log)(void *context, uint32_t level, const char *component, const char *text);

  /* Nanoseconds of the host's monotonic clock. A plugin uses this clock and no other, so that it can be simulated.
   * [any] */
  uint64_t (*now_ns)(void *context);

  /* 64 random bits. A plugin uses this source and no other, so that a run can be replayed. [any] */
  uint64_t (*random)(void *context);

  /* An optional service by its id, for instance "outsize.inmemory-hub/1"; null when this host has no such service.
   * What is returned lives as long as the host table. [control] */
  const void *(*get_service)(void *context, const char *id);
} outsize_host;

#define OUTSIZE_INMEMORY_HUB "outsize.inmemory-hub/1"

/* The meeting point of in-memory transports of one process. Names are the operator's node names. An endpoint is
 * whatever the publishing plugin makes of it; the hub only counts references. `kind` says what layout is behind the
 * pointer: acquire returns null when the kinds differ. */
typedef struct outsize_inmemory_hub {
  uint32_t struct_size;
  uint32_t reserved;
  void *context;

  /* Makes `endpoint` findable under `name`. The hub takes one reference. Returns 1, or 0 when the name is taken. [any]
   */
  int32_t (*publish)(void *context, const char *name, const char *kind, void *endpoint, void (*retain)(void *endpoint),
                     void (*release)(void *endpoint));

  /* Ends what publish began and gives the hub's reference back. [any] */
  void (*withdraw)(void *context, const char *name, void *endpoint);

  /* The endpoint under that name with one reference for the caller, or null. [any] */
  void *(*acquire)(void *context, const char *name, const char *kind);
} outsize_inmemory_hub;

OUTSIZE_EXTERN_C_END

#endif
