// libzmq 4.3's C interface for Swift; libzmq's constants that are macros with casts stand here as functions.
#ifndef ATTUNE_CZEROMQ_SHIM_H
#define ATTUNE_CZEROMQ_SHIM_H
#include <zmq.h>
#endif
