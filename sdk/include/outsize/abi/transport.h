/* outsize.transport/1: links that carry whole messages, in order, up to a limit.
 *
 * What every transport must keep, whatever it is made of:
 *   T-01  A link is up from its LINK_UP event to its LINK_DOWN event; messages on it arrive in the order sent, each at
 *         most once, whole, with their part boundaries.
 *   T-02  A message over the link's limit is refused by send, at once, with OUTSIZE_E_too_large, retry NEVER, actual
 *         and limit set. The link stays up and everything before and after is delivered. This holds for local links
 *         exactly as for remote ones.
 *   T-03  Every send that returned OUTSIZE_SEND_QUEUED gets exactly one COMPLETION. It says that the plugin has let
 *         go of the buffers. It does not say that the peer has the message; only an answer can say that.
 *   T-04  All events are delivered from inside poll, never from another call and never from another thread.
 *   T-05  After LINK_DOWN nothing that was queued on that link is delivered later, on this or any other link. A new
 *         connect gives a new link with a new number; numbers are not reused. A transport never reconnects by
 *         itself: the host does, with backoff and jitter.
 *   T-06  Bytes from a peer never make the plugin allocate more than it has received plus a constant, and never
 *         crash it. A message that declares more than the limit is answered by an OVERSIZE event, then LINK_DOWN.
 *   T-07  Memory for messages being received is bounded by memory_bytes_max over all links; memory queued for
 *         sending by queued_bytes_max of each link.
 *   T-08  A message of 1 to OUTSIZE_MESSAGE_PARTS_MAX parts is taken, whatever their sizes; any other count is refused
 *         by send, at once, with OUTSIZE_E_invalid_argument, and the link stays up. As with sizes, local links take no
 *         more than remote ones: what one replica can be sent, all can.
 *
 * A transport knows nothing of hellos, cluster names or requests: the host speaks those over the link. */
#ifndef OUTSIZE_ABI_TRANSPORT_H
#define OUTSIZE_ABI_TRANSPORT_H

#include <outsize/abi/buffer.h>
#include <outsize/abi/error.h>
#include <outsize/abi/host.h>
#include <outsize/abi/param.h>

OUTSIZE_EXTERN_C_BEGIN

#define OUTSIZE_TRANSPORT_KIND "outsize.transport/1"

typedef struct outsize_transport outsize_transport; /* the plugin's instance */
typedef uint64_t outsize_link;                      /* 0 is never a link */

/* ---- events, delivered to on_event from inside poll ---- */
#define OUTSIZE_EVENT_LINK_UP 1u    /* link, token (of connect; 0 when accepted), peer */
#define OUTSIZE_EVENT_LINK_DOWN 2u  /* link, token, error: why. Also the answer to a connect that failed */
#define OUTSIZE_EVENT_MESSAGE 3u    /* link, parts: one reference of each part becomes the host's */
#define OUTSIZE_EVENT_COMPLETION 4u /* link, token (of send), error: null, or why it was not handed to the peer */
#define OUTSIZE_EVENT_WRITABLE 5u   /* link: a send that answered BUSY may be tried again */
#define OUTSIZE_EVENT_OVERSIZE 6u   /* link, peer, actual_bytes, limit_bytes: the peer ignored the limit */

/* Everything an event points to is valid during on_event only, but for the references that MESSAGE hands over. */
typedef struct outsize_event {
  uint32_t struct_size;
  uint32_t kind;
  outsize_link link;
  uint64_t token;
  const outsize_part *parts;
  uint32_t part_count;
  uint32_t reserved;
  const outsize_error *error;
  const char *peer; /* the far address, for logs */
  uint64_t actual_bytes;
  uint64_t limit_bytes;
} outsize_event;

/* What create is given. Valid during create only, but for `host`. */
typedef struct outsize_transport_open {
  uint32_t struct_size;
  uint32_t param_count;
  const outsize_host *host;
  const outsize_param_value *params; /* all declared parameters, checked */
  uint64_t message_bytes_max;        /* the first limit of every link; at least 4096, never "unbounded" */
  uint64_t memory_bytes_max;         /* budget for messages being received, over all links; above message_bytes_max */
  void *sink;                        /* first argument of on_event */
  void (*on_event)(void *sink, const outsize_event *event); /* must not throw; may call send, disconnect and
                                                               set_link_limit, but not poll, connect or listen */
} outsize_transport_open;

typedef struct outsize_link_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t limit_bytes;    /* in force now */
  uint64_t bytes_sent;     /* handed to the wire, framing included */
  uint64_t bytes_received; /* taken from the wire, framing included: moves while a large message arrives */
  uint64_t messages_sent;
  uint64_t messages_received;
  uint64_t queued_bytes;     /* sent and not completed */
  uint64_t queued_bytes_max; /* send answers BUSY rather than pass it, except for a single message */
} outsize_link_stats;

/* ---- what send answers ---- */
#define OUTSIZE_SEND_FAILED 0 /* error is filled; the caller keeps its references */
#define OUTSIZE_SEND_QUEUED 1 /* the references are the plugin's; one COMPLETION follows */
#define OUTSIZE_SEND_DONE 2   /* as QUEUED, but already let go of: no COMPLETION follows */
#define OUTSIZE_SEND_BUSY 3   /* the caller keeps its references; WRITABLE follows */

typedef struct outsize_transport_api {
  uint32_t struct_size;
  uint32_t scheme_count;
  const char *const *schemes; /* address schemes served, for instance "tcp"; static */

  /* Makes an instance. Returns 1 and sets *out, or 0 with error filled and nothing left behind. [control] */
  int32_t (*create)(const outsize_transport_open *open, outsize_transport **out, outsize_error *error);

  /* Takes links on `address` ("tcp://127.0.0.1:7101"). A port of 0 asks the system for one; the address really bound
   * is written to `bound`, with its ending zero. May be called several times. Returns 1, or 0 with error filled:
   * address_in_use, permission_denied, invalid_argument. [control & open] */
  int32_t (*listen)(outsize_transport *self, const char *address, char *bound, uint32_t bound_bytes,
                    outsize_error *error);

  /* Begins one attempt to open a link; does not block. The attempt ends in LINK_UP or LINK_DOWN with `token`. Returns
   * 1 with *link set, or 0 with error filled (invalid_argument) and no event. [io & open] */
  int32_t (*connect)(outsize_transport *self, const char *address, uint64_t token, outsize_link *link,
                     outsize_error *error);

  /* Closes the link. What was queued is completed with an error, then LINK_DOWN with code `cancelled` follows, all
   * from later polls; no message comes any more. Unknown links are ignored. [io & open] */
  void (*disconnect)(outsize_transport *self, outsize_link link);

  /* Lowers the limit of a link, for both directions, from now on. Raising it above what it is answers
   * invalid_argument. Messages already queued keep their way. Returns 1 or 0. [io & open] */
  int32_t (*set_link_limit)(outsize_transport *self, outsize_link link, uint64_t bytes, outsize_error *error);

  /* Sends one message; see OUTSIZE_SEND_*. `token` comes back in the completion. [io & open] */
  int32_t (*send)(outsize_transport *self, outsize_link link, const outsize_message *message, uint64_t token,
                  outsize_error *error);

  /* Does what there is to do and delivers at most `budget` events (at least 1). Never waits. Returns the time at which
   * it wants to be called again although event_fd may be silent: 0 = at once, OUTSIZE_NEVER = only by event_fd.
   * [io & open|closing] */
  uint64_t (*poll)(outsize_transport *self, uint32_t budget, uint64_t now_ns);

  /* A descriptor that is readable whenever poll would do something: level, not edge. Owned by the plugin. -1 for a
   * transport that is driven by poll's return value alone. [control & open] */
  int32_t (*event_fd)(outsize_transport *self);

  /* Fills *stats. Returns 1, or 0 for an unknown link. [io & open] */
  int32_t (*link_stats)(outsize_transport *self, outsize_link link, outsize_link_stats *stats);

  /* Begins to close: stops listening and closes every link. Does not block. The host polls until `closed`, then calls
   * destroy. [control & open] */
  void (*begin_close)(outsize_transport *self);

  /* 1 when every completion and LINK_DOWN has been delivered and no buffer is held. [control & closing] */
  int32_t (*closed)(outsize_transport *self);

  /* Frees the instance. Does not block; no event is delivered. Without a finished close, what is queued is dropped.
   * [control] */
  void (*destroy)(outsize_transport *self);
} outsize_transport_api;

OUTSIZE_EXTERN_C_END

#endif
