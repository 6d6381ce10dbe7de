/* Parameters: a plugin declares them, the host reads, checks and converts what the operator wrote. */
#ifndef OUTSIZE_ABI_PARAM_H
#define OUTSIZE_ABI_PARAM_H

#include <outsize/abi/base.h>

OUTSIZE_EXTERN_C_BEGIN

#define OUTSIZE_PARAM_BOOL 1u     /* true or false; in `number` as 1 or 0 */
#define OUTSIZE_PARAM_INTEGER 2u  /* signed 64 bit, in `number` */
#define OUTSIZE_PARAM_BYTES 3u    /* "32MiB" or a number of bytes; in `number` */
#define OUTSIZE_PARAM_DURATION 4u /* "250ms", "2s"; in `number` as nanoseconds */
#define OUTSIZE_PARAM_STRING 5u   /* in `text` */
#define OUTSIZE_PARAM_PATH 6u     /* in `text`, made absolute from the config file's folder */
#define OUTSIZE_PARAM_CHOICE 7u   /* one of `choices`; in `text` */

#define OUTSIZE_PARAM_REQUIRED 1u   /* no default; absence is a start error */
#define OUTSIZE_PARAM_SECRET 2u     /* never printed, never logged */
#define OUTSIZE_PARAM_DEPRECATED 4u /* still read, with a warning */

typedef struct outsize_param {
  uint32_t struct_size;
  uint32_t type;  /* OUTSIZE_PARAM_* */
  uint32_t flags; /* OUTSIZE_PARAM_REQUIRED and the like, or 0 */
  uint32_t reserved;
  const char *name;          /* lower case words joined by '-' */
  const char *default_text;  /* as an operator would write it; null with OUTSIZE_PARAM_REQUIRED */
  const char *documentation; /* one sentence: what it does, and the unit */
  int64_t number_min;        /* bounds of `number`, inclusive; both 0 = unbounded */
  int64_t number_max;
  const char *choices; /* joined by '|', for OUTSIZE_PARAM_CHOICE; else null */
} outsize_param;

/* One checked value; every declared parameter is passed, in the order of declaration. Layout frozen for ABI 1. */
typedef struct outsize_param_value {
  const char *name;
  uint32_t type;
  uint32_t is_default; /* 1 when the operator did not set it */
  int64_t number;
  const char *text; /* empty when the type has no text */
} outsize_param_value;

OUTSIZE_EXTERN_C_END

#endif
