/* The one symbol a plugin exports, and what it returns. */
#ifndef OUTSIZE_ABI_MODULE_H
#define OUTSIZE_ABI_MODULE_H

#include <outsize/abi/base.h>
#include <outsize/abi/param.h>

OUTSIZE_EXTERN_C_BEGIN

/* One thing a module provides. `kind` is OUTSIZE_TRANSPORT_KIND, OUTSIZE_SIZE_POLICY_KIND or OUTSIZE_BLOB_STORE_KIND
 * and says what `api` points to. A host skips kinds it does not know. */
typedef struct outsize_component {
  uint32_t struct_size;
  uint32_t param_count;
  const char *kind;
  const char *name; /* as written in config: `plugin = "name"` */
  const char *documentation;
  const void *api;
  const outsize_param *params; /* an array of param_count */
} outsize_component;

typedef struct outsize_module {
  uint32_t struct_size;
  uint32_t abi_major;      /* OUTSIZE_ABI_MAJOR the module was built with */
  uint64_t magic;          /* OUTSIZE_MODULE_MAGIC */
  uint32_t abi_minor;      /* OUTSIZE_ABI_MINOR the module was built with */
  uint32_t min_host_minor; /* the oldest host minor it can live with */
  const char *id;          /* reverse-DNS, for instance "org.outsize.tcp"; unique in a process */
  const char *name;
  const char *vendor;
  const char *version;  /* semantic version of the module */
  const char *license;  /* SPDX expression; shown, not enforced */
  const char *build_id; /* anything that tells two builds apart; may be empty */
  uint32_t component_count;
  uint32_t component_bytes; /* sizeof(outsize_component) as the module knows it: the stride of `components` */
  const outsize_component *components;
} outsize_module;

/* Returns static data that lives as long as the module is loaded. Allocates nothing, starts nothing, calls nothing,
 * and returns the same pointer each time. [any] */
OUTSIZE_EXPORT const outsize_module *outsize_module_v1(void);

OUTSIZE_EXTERN_C_END

#endif
