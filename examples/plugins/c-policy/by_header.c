/* The size policy `by-header`: rejects large records that carry a certain header. A whole plugin in plain C11: five
 * functions, one table of parameters, one module record. */
#include <outsize/abi/error_codes.h>
#include <outsize/abi/module.h>
#include <outsize/abi/size_policy.h>

#include <stdlib.h>
#include <string.h>

/* ---- what an operator can set ---- */

static const outsize_param params[] = {
    {sizeof(outsize_param), OUTSIZE_PARAM_STRING, OUTSIZE_PARAM_REQUIRED, 0, "header", NULL,
     "Name of the header that marks a record.", 0, 0, NULL},
    {sizeof(outsize_param), OUTSIZE_PARAM_STRING, 0, 0, "value", "",
     "Value that the header must have; empty: any value.", 0, 0, NULL},
    {sizeof(outsize_param), OUTSIZE_PARAM_STRING, 0, 0, "reason", "records with this header must be small",
     "What the client is told.", 0, 0, NULL},
};

/* ---- the instance: what create is given is valid during create only, so it is copied ---- */

struct outsize_size_policy {
  char *header;
  char *value;
  char reason[OUTSIZE_PLAN_REASON_BYTES];
};

static const char *text_of(const outsize_size_policy_open *open, const char *name) {
  for (uint32_t i = 0; i < open->param_count; ++i) {
    if (strcmp(open->params[i].name, name) == 0) {
      return open->params[i].text;
    }
  }
  return ""; /* never: the host passes every declared parameter */
}

static char *copy_of(const char *text) {
  const size_t bytes = strlen(text) + 1;
  char *copy = malloc(bytes);
  return copy == NULL ? NULL : memcpy(copy, text, bytes);
}

static int32_t refuse(outsize_error *error, uint32_t code, uint8_t retry, const char *text) {
  error->code = code;
  error->retry = retry;
  error->scope = OUTSIZE_SCOPE_NODE;
  strncpy(error->text, text, sizeof error->text - 1);
  return 0;
}

static void destroy(outsize_size_policy *self) {
  free(self->header);
  free(self->value);
  free(self);
}

static int32_t create(const outsize_size_policy_open *open, outsize_size_policy **out, outsize_error *error) {
  if (*text_of(open, "header") == '\0') {
    return refuse(error, OUTSIZE_E_bad_config, OUTSIZE_RETRY_AFTER_CHANGE, "header = \"\": name a header");
  }
  outsize_size_policy *self = calloc(1, sizeof *self);
  if (self == NULL) {
    return refuse(error, OUTSIZE_E_overloaded, OUTSIZE_RETRY_LATER, "out of memory");
  }
  self->header = copy_of(text_of(open, "header"));
  self->value = copy_of(text_of(open, "value"));
  strncpy(self->reason, text_of(open, "reason"), sizeof self->reason - 1);
  if (self->header == NULL || self->value == NULL) {
    destroy(self);
    return refuse(error, OUTSIZE_E_overloaded, OUTSIZE_RETRY_LATER, "out of memory");
  }
  *out = self;
  return 1;
}

/* ---- the decision: a pure function of the record and the parameters ---- */

static int same(const void *bytes, uint64_t size, const char *text) {
  return size == strlen(text) && (size == 0 || memcmp(bytes, text, size) == 0);
}

static int32_t decide(const outsize_size_policy *self, const outsize_policy_input *input, outsize_policy_plan *plan,
                      outsize_error *error) {
  (void)error; /* there is nothing here that can fail */
  for (uint32_t i = 0; i < input->header_count; ++i) {
    const outsize_header *header = &input->headers[i];
    if (same(header->name, header->name_bytes, self->header) &&
        (*self->value == '\0' || same(header->value, header->value_bytes, self->value))) {
      plan->kind = OUTSIZE_PLAN_REJECT;
      strcpy(plan->reason, self->reason[0] == '\0' ? "rejected by header" : self->reason); /* same size, and ended */
      return 1;
    }
  }
  plan->kind = OUTSIZE_PLAN_DECLINE;
  strcpy(plan->reason, "the record does not carry the header");
  return 1;
}

/* ---- what the host sees ---- */

static const outsize_size_policy_api api = {sizeof(outsize_size_policy_api), 0, create, decide, destroy};

static const outsize_component components[] = {{sizeof(outsize_component), sizeof params / sizeof params[0],
                                                OUTSIZE_SIZE_POLICY_KIND, "by-header",
                                                "rejects large records that carry a certain header", &api, params}};

static const outsize_module module = {
    .struct_size = sizeof(outsize_module),
    .abi_major = OUTSIZE_ABI_MAJOR,
    .magic = OUTSIZE_MODULE_MAGIC,
    .abi_minor = OUTSIZE_ABI_MINOR,
    .min_host_minor = 0,
    .id = "org.example.by-header",
    .name = "by-header",
    .vendor = "Example",
    .version = "1.0.0",
    .license = "Apache-2.0",
    .build_id = "",
    .component_count = 1,
    .component_bytes = sizeof(outsize_component),
    .components = components,
};

const outsize_module *outsize_module_v1(void) {
  return &module;
}
