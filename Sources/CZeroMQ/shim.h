// libzmq 4.3's C interface for Swift; libzmq's constants that are macros with casts stand here as functions.
#ifndef ATTUNE_CZEROMQ_SHIM_H
#define ATTUNE_CZEROMQ_SHIM_H
#include <zmq.h>
// Declared only for drafts, but implemented by every build of libzmq 4.3; the value is fixed.
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
#endif
