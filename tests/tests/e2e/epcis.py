"""Validates an EPCIS document by GS1's schema, and that what is broken is not valid. Arguments: the schema, the document."""

import copy
import json
import sys

import jsonschema


def main(schema_file, document_file):
    with open(schema_file, encoding="utf-8") as file:
        schema = json.load(file)
    with open(document_file, encoding="utf-8") as file:
        document = json.load(file)
    checker = jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
    passed = failed = 0
    for error in checker.iter_errors(document):
        failed += 1
        print("INVALID:", "/".join(map(str, error.absolute_path)), error.message[:300])
    passed += failed == 0
    events = document["epcisBody"]["eventList"]
    # Each of these must be refused, so that the check above can fail.
    for what, change in [
        ("a business step that CBV does not know", lambda event: event.update(bizStep="marrying")),
        ("an action that there is not", lambda event: event.update(action="PUT")),
        ("a time without a zone", lambda event: event.pop("eventTimeZoneOffset")),
        ("a thing without a URI", lambda event: event.update(readPoint={"id": "hall 3"})),
    ]:
        broken = copy.deepcopy(document)
        change(next(event for event in broken["epcisBody"]["eventList"] if event["type"] == "AssociationEvent"))
        if checker.is_valid(broken):
            failed += 1
            print("NOT SEEN:", what)
        else:
            passed += 1
    kinds = sorted({event["type"] for event in events})
    print(f"{len(events)} events, {', '.join(kinds)}")
    print(f"{passed} passed, {failed} failed")


main(*sys.argv[1:])
