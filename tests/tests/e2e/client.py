#!/usr/bin/env python3
"""A client of the three services that knows nothing but what reflection tells: no generated code, no proto files.

    client.py procurement=HOST:PORT,production=HOST:PORT,delivery=HOST:PORT

Ends with 'N passed, N failed'; the exit status is 1 when a check failed.
"""
import sys
import uuid

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

passed = failed = 0


def check(good, name, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(("ok    " if good else "FAIL  ") + name + (f": {detail}" if detail and not good else ""))


class Service:
    """One service, by its address."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = DescriptorPool(self.database)

    def method(self, name):
        service, method = name.split("/")
        found = self.pool.FindServiceByName(service).FindMethodByName(method)
        request, answer = GetMessageClass(found.input_type), GetMessageClass(found.output_type)
        kind = {(False, False): self.channel.unary_unary, (False, True): self.channel.unary_stream,
                (True, False): self.channel.stream_unary, (True, True): self.channel.stream_stream}
        call = kind[found.client_streaming, found.server_streaming]("/" + name, request.SerializeToString, answer.FromString)
        return call, request

    def ask(self, name, body=None, **options):
        call, request = self.method(name)
        return call(json_format.ParseDict(body or {}, request()), timeout=options.pop("timeout", 30), **options)

    def stream(self, name, bodies):
        call, request = self.method(name)
        return call(iter([json_format.ParseDict(body, request()) for body in bodies]), timeout=30)

    def refused(self, name, body, **options):
        try:
            self.ask(name, body, **options)
        except grpc.RpcError as error:
            return error
        raise AssertionError(f"{name} was not refused")


def detail(error, kind):
    status = rpc_status.from_call(error)
    for packed in status.details if status else ():
        found = kind()
        if packed.Unpack(found):
            return found
    return None


def order(name, **changes):
    return {"order_id": name, "customer_id": "C-7", "variant_id": "PRO", "city": "Beijing",
            "options": {"COLOR": "AQUA_BLUE", "WHEEL": "W19A", "INT": "GALAXY_GREY"},
            "locked_on": {"year": 2024, "month": 5, "day": 20}} | changes


def main():
    services = {name: Service(address) for name, address in (pair.split("=") for pair in sys.argv[1].split(","))}
    for name, service in services.items():
        health = health_pb2_grpc.HealthStub(service.channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        check(health.status == health_pb2.HealthCheckResponse.SERVING, f"{name} serves")
        listed = service.database.get_services()
        check(any(one.startswith(f"takt.{name}.v1.") for one in listed), f"{name} lists its services", listed)
    procurement, production, delivery = (services[name] for name in ("procurement", "production", "delivery"))

    plan = list(production.ask("takt.production.v1.PlanningService/RunPlan",
                               {"request_id": str(uuid.uuid4()), "as_of": {"year": 2023, "month": 12, "day": 17}}))
    check(plan[-1].stage == "DONE" and len(plan) > 1, "a plan tells how far it is", [answer.stage for answer in plan])

    request = {"request_id": str(uuid.uuid4()), "order": order("PY-1")}
    name = "takt.delivery.v1.OrderService/CreateOrder"
    created, again = delivery.ask(name, request), delivery.ask(name, request)
    check(created.order.order_id == "PY-1" and created.promise.deliver_on.year == 2024, "an order is promised", created)
    check(created == again, "the same request is answered alike")

    chunks = [{"request_id": str(uuid.uuid4()), "orders": [order(f"PY-{chunk}-{place}") for place in range(100)]
               + [order("PY-1"), order(f"PY-{chunk}-x", city="Atlantis")]} for chunk in range(3)]
    answers = list(delivery.stream("takt.delivery.v1.OrderService/IntakeOrders", chunks))
    check([answer.accepted_count for answer in answers] == [100] * 3, "orders come in chunks", answers)
    check(all([refused.order_id for refused in answer.refused][:1] == ["PY-1"] and answer.refused[1].field.endswith("city")
              for answer in answers), "what is wrong in a chunk is told item by item", answers)

    facts = [fact for answer in delivery.ask("takt.events.v1.EventService/Watch", {"until_now": True}) for fact in answer.facts]
    locked = [fact for fact in facts if fact.body.WhichOneof("kind") == "order_locked"]
    check(len(locked) == 301, "every order is a fact that outsiders can watch", len(locked))
    check([fact.position for fact in facts] == sorted({fact.position for fact in facts}), "facts come in order")
    rest = [fact for answer in delivery.ask("takt.events.v1.EventService/Watch",
                                            {"after_position": facts[-3].position, "until_now": True}) for fact in answer.facts]
    check(rest[:2] == facts[-2:], "a watch goes on where it stopped")

    tokens, token, pages = set(), "", 0
    while True:
        page = delivery.ask("takt.delivery.v1.OrderService/ListOrders", {"page_size": 100, "page_token": token})
        tokens.update(one.order_id for one in page.orders)
        pages, token = pages + 1, page.next_page_token
        if not token:
            break
    check(len(tokens) == 301 and pages == 4, "a list is read page by page", (len(tokens), pages))
    error = delivery.refused("takt.delivery.v1.OrderService/ListOrders", {"page_token": "made up"})
    check(error.code() == grpc.StatusCode.INVALID_ARGUMENT, "a token that was made up is refused", error)

    error = procurement.refused("takt.procurement.v1.MaterialService/ReserveMaterial", {})
    fields = {one.field for one in detail(error, error_details_pb2.BadRequest).field_violations}
    check({"request_id", "reservation_id", "build_on"} <= fields, "every field is named", fields)
    error = delivery.refused(name, {"request_id": request["request_id"], "order": order("PY-2")})
    check(detail(error, error_details_pb2.ErrorInfo).reason == "REQUEST_ID_REUSED", "a request id belongs to one request", error)
    error = production.refused("takt.production.v1.ProductService/GetItem", {"item_id": "BIW-99"})
    check(error.code() == grpc.StatusCode.NOT_FOUND
          and detail(error, error_details_pb2.ResourceInfo).resource_name == "BIW-99", "what is not there is named", error)
    error = production.refused("takt.events.v1.EventService/AwaitApplied", {"position": 10**9}, timeout=0.5)
    check(error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, "a call ends by its deadline", error)
    call, kind = delivery.method("takt.delivery.v1.OrderService/ListOrders")
    page = call(kind(page_size=1000), timeout=10, compression=grpc.Compression.Gzip)
    check(len(page.orders) == 301, "a compressed request is read")

    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
