/* Outsize plugin ABI, version 1: the ground every other ABI header stands on.
 *
 * The contract between host and plugin is this set of C11 headers and nothing else. They need <stdint.h> and
 * <stddef.h>; no C++ type, no exception and no allocator crosses the line.
 *
 * Growth. Every struct that crosses the line starts with `struct_size`, set by whoever fills it to the size it was
 * compiled with. Fields are only ever appended. A reader looks at a field only through OUTSIZE_HAS, so an older
 * reader meets a newer struct, and the other way round, without either knowing. The three exceptions are array
 * elements whose layout is frozen for the whole of ABI 1: outsize_part, outsize_header and outsize_param_value.
 *
 * Threads. Functions carry a tag on the last line of their comment:
 *   [control]  called by the host, one at a time per instance, never while an [io] call of that instance runs
 *   [io]       called by the host's loop thread; never at the same time as another [io] or [control] call of that
 *              instance, so that a plugin needs no locks of its own for what these calls touch
 *   [any]      may be called from any thread at any time; must not block and must not call back
 *   [blocking] called on a thread that may wait; several at once per instance
 * followed by the state the instance must be in: `& open` between create and begin_close, `& closing` after it.
 *
 * Text is UTF-8, ends in a zero byte, and is owned by whoever passes it; it is valid during the call only unless a
 * comment says otherwise. Times are nanoseconds of the host's monotonic clock. Sizes are bytes. */
#ifndef OUTSIZE_ABI_BASE_H
#define OUTSIZE_ABI_BASE_H

#include <stddef.h>
#include <stdint.h>

#define OUTSIZE_ABI_MAJOR 1u
#define OUTSIZE_ABI_MINOR 0u

/* "outsize1", little endian: the first thing a host checks in what outsize_module_v1 returns. */
#define OUTSIZE_MODULE_MAGIC UINT64_C(0x31657a697374756f)

#if defined(__GNUC__)
#define OUTSIZE_EXPORT __attribute__((visibility("default")))
#else
#define OUTSIZE_EXPORT
#endif

/* True when `field` lies inside the struct that `pointer` points to, as its writer knew it. */
#define OUTSIZE_REACHES(pointer, field)                                                                                \
  ((pointer)->struct_size >=                                                                                           \
   (uint32_t)((const char *)&(pointer)->field - (const char *)(pointer) + (ptrdiff_t)sizeof((pointer)->field)))

/* As OUTSIZE_REACHES, for pointers and functions: present and not null. */
#define OUTSIZE_HAS(pointer, field) (OUTSIZE_REACHES(pointer, field) && (pointer)->field != NULL)

/* "No time": poll returns it when only the event descriptor can give it work. */
#define OUTSIZE_NEVER UINT64_MAX

#ifdef __cplusplus
#define OUTSIZE_EXTERN_C_BEGIN extern "C" {
#define OUTSIZE_EXTERN_C_END }
#else
#define OUTSIZE_EXTERN_C_BEGIN
#define OUTSIZE_EXTERN_C_END
#endif

#endif
