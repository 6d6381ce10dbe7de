/* A size policy in the least C that loads, and its deliberately wrong variants: one shared library each, chosen by
 * the macros that CMakeLists.txt sets. */
#include <outsize/abi/module.h>
#include <outsize/abi/size_policy.h>

#ifndef MODULE_ID
#define MODULE_ID "org.example.good"
#endif
#ifndef MODULE_MAGIC
#define MODULE_MAGIC OUTSIZE_MODULE_MAGIC
#endif
#ifndef MODULE_MAJOR
#define MODULE_MAJOR OUTSIZE_ABI_MAJOR
#endif
#ifndef MODULE_MIN_HOST_MINOR
#define MODULE_MIN_HOST_MINOR 0
#endif
#ifndef MODULE_BYTES
#define MODULE_BYTES sizeof(struct module_record)
#endif
#ifndef API_BYTES
#define API_BYTES sizeof(struct policy_table)
#endif
#ifndef DECIDE
#define DECIDE decide
#endif
#ifndef RECORD
#define RECORD (&module.known)
#endif
#ifndef ENTRY
#define ENTRY outsize_module_v1
#endif

/* What a module of a newer minor version would look like: every struct has a tail that this host does not know. */
struct module_record {
  outsize_module known;
  uint64_t tail[MODULE_TAIL + 1];
};
struct component_record {
  outsize_component known;
  uint64_t tail[MODULE_TAIL + 1];
};
struct policy_table {
  outsize_size_policy_api known;
  uint64_t tail[MODULE_TAIL + 1];
};

#ifdef CALLS_UNDEFINED
extern int symbol_that_nobody_defines(void);
#endif

static char instance; /* the one that create hands out; it has no state */

static int32_t create(const outsize_size_policy_open *open, outsize_size_policy **out, outsize_error *error) {
  (void)open;
  (void)error;
#ifdef CALLS_UNDEFINED
  if (symbol_that_nobody_defines() == 0) {
    return 0;
  }
#endif
  *out = (outsize_size_policy *)&instance;
  return 1;
}

static int32_t decide(const outsize_size_policy *self, const outsize_policy_input *input, outsize_policy_plan *plan,
                      outsize_error *error) {
  (void)self;
  (void)input;
  (void)error;
  plan->kind = OUTSIZE_PLAN_DECLINE;
  return 1;
}

static void destroy(outsize_size_policy *self) {
  (void)self;
}

static const struct policy_table table = {{API_BYTES, 0, &create, DECIDE, &destroy}, {0}};

static const struct component_record components[] = {
    {{sizeof(outsize_component), 0, OUTSIZE_SIZE_POLICY_KIND, MODULE_COMPONENT, "declines everything", &table, NULL},
     {0}},
    {{sizeof(outsize_component), 0, "outsize.from-the-future/1", "later", "a kind this host does not know", &table,
      NULL},
     {0}}};

static const struct module_record module = {{MODULE_BYTES, MODULE_MAJOR, MODULE_MAGIC, 0, MODULE_MIN_HOST_MINOR,
                                             MODULE_ID, MODULE_COMPONENT, "Example", "1.2.3", "Apache-2.0", "", 2,
                                             sizeof(struct component_record), &components[0].known},
                                            {0}};

OUTSIZE_EXPORT const outsize_module *ENTRY(void);
OUTSIZE_EXPORT const outsize_module *ENTRY(void) {
  (void)decide; /* unused in one variant, as is the record */
  (void)module;
  return RECORD;
}
