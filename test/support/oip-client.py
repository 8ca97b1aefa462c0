"""The Open Inference Protocol on the C core with Google's protobuf, which is what Triton's own Python client is made of.

Reads what to ask from stdin, as JSON; prints what was answered, as JSON.
"""
import base64
import json
import queue
import struct
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

SERVICE = "/inference.GRPCInferenceService/"
ASKED = json.load(sys.stdin)
POOL = descriptor_pool.DescriptorPool()


def without_maps(types):
    """The entries of maps as repeated messages, the same on the wire: protobufjs names them otherwise than protoc does."""
    for one in types:
        one.options.ClearField("map_entry")
        without_maps(one.nested_type)


for file in descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(ASKED["descriptors"])).file:
    without_maps(file.message_type)
    POOL.Add(file)


def message(name):
    descriptor = POOL.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(POOL).GetPrototype(descriptor)


def codec(asks, answers):
    return {
        "request_serializer": message(asks).SerializeToString,
        "response_deserializer": message(answers).FromString,
    }


def infer_request(identity, rows, raw):
    request = message("inference.ModelInferRequest")(model_name="recommender", id=identity)
    tensor = request.inputs.add(name="features", datatype="FP32", shape=[len(rows), len(rows[0])])
    values = [value for row in rows for value in row]
    if raw:
        request.raw_input_contents.append(struct.pack(f"<{len(values)}f", *values))
    else:
        tensor.contents.fp32_contents.extend(values)
    return request


def values_of(response):
    if response.raw_output_contents:
        [raw] = response.raw_output_contents
        return list(struct.unpack(f"<{len(raw) // 4}f", raw))
    return list(response.outputs[0].contents.fp32_contents)


def document(channel, method, **fields):
    call = channel.unary_unary(
        SERVICE + method, **codec(f"inference.{method}Request", f"inference.{method}Response")
    )
    request = message(f"inference.{method}Request")(**fields)
    return json_format.MessageToDict(call(request, timeout=10), preserving_proto_field_name=True)


def refused(channel):
    try:
        document(channel, "ModelMetadata", name="no such model")
    except grpc.RpcError as error:
        return [error.code().name, error.details()]
    return None


def streamed(channel, rows):
    requests = queue.Queue()
    call = channel.stream_stream(
        SERVICE + "ModelStreamInfer",
        **codec("inference.ModelInferRequest", "inference.ModelStreamInferResponse"),
    )
    for at, row in enumerate(rows):
        requests.put(infer_request(str(at), [row], at % 2 == 0))
    requests.put(message("inference.ModelInferRequest")(model_name="other", id="broken"))
    requests.put(None)
    answers, errors = {}, {}
    for answer in call(iter(requests.get, None), timeout=20):
        response = answer.infer_response
        if answer.error_message:
            errors[response.id] = answer.error_message
        else:
            answers[response.id] = values_of(response)
    return answers, errors


with grpc.insecure_channel(ASKED["address"]) as channel:
    infer = channel.unary_unary(
        SERVICE + "ModelInfer", **codec("inference.ModelInferRequest", "inference.ModelInferResponse")
    )
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        **codec("grpc.health.v1.HealthCheckRequest", "grpc.health.v1.HealthCheckResponse"),
    )
    rows = ASKED["rows"]
    answers, errors = streamed(channel, rows)
    print(
        json.dumps(
            {
                "live": document(channel, "ServerLive"),
                "metadata": document(channel, "ModelMetadata", name="recommender"),
                "config": document(channel, "ModelConfig", name="recommender"),
                "raw": values_of(infer(infer_request("r", rows, True), timeout=10)),
                "typed": values_of(infer(infer_request("t", rows, False), timeout=10)),
                "streamed": answers,
                "errors": errors,
                "refused": refused(channel),
                "health": check(message("grpc.health.v1.HealthCheckRequest")(service=""), timeout=10).status,
                "statistics": document(channel, "ModelStatistics", name="recommender"),
            }
        )
    )
