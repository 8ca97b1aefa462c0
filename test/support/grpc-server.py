"""A gRPC server on the C core: messages are bytes and come back as they are. Prints its port; stops gently on a line."""
import sys
import time
from concurrent import futures

import grpc

COPIES = 5


def fail(_, context):
    context.abort(grpc.StatusCode.UNAVAILABLE, "voll ü 100%")


def slow(request, _):
    time.sleep(0.2)
    return request


def copies(request, _):
    for _ in range(COPIES):
        yield request


def long_trailer(request, context):
    context.set_trailing_metadata((("x", "y" * 1_000_000),))
    return request


HANDLERS = {
    "Echo": grpc.unary_unary_rpc_method_handler(lambda request, _: request),
    "Slow": grpc.unary_unary_rpc_method_handler(slow),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "LongTrailer": grpc.unary_unary_rpc_method_handler(long_trailer),
    "Copies": grpc.unary_stream_rpc_method_handler(copies),
    "Chat": grpc.stream_stream_rpc_method_handler(lambda requests, _: requests),
}
OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_concurrent_streams", int(sys.argv[1]) if len(sys.argv) > 1 else 1000),
]

server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=OPTIONS)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Test", HANDLERS),))
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
sys.stdin.readline()
server.stop(grace=3).wait()
