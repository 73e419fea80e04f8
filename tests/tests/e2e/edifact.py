"""EDIFACT files by pydifact, another hand's library. `check FILE KIND` reads a file of ours and prints its segments as JSON;
`desadv DATABASE FILE` writes a notice for an order line of which nothing has left, from the database of a run that stands still."""

import datetime
import json
import sqlite3
import sys
import warnings

from pydifact.segmentcollection import Interchange, Message
from pydifact.segments import Segment

warnings.simplefilter("ignore")


def check(file, kind):
    with open(file, encoding="latin-1") as stream:
        interchange = Interchange.from_str(stream.read())
    interchange.validate()
    (message,) = interchange.get_messages()
    assert message.type == kind and message.version == "D.96A", (message.type, message.version)
    message.validate()
    told = {
        "sender": interchange.sender,
        "recipient": interchange.recipient,
        "reference": interchange.control_reference,
        "prepared": interchange.timestamp.date().isoformat(),
        "segments": [[segment.tag, *segment.elements] for segment in message.segments],
    }
    print(json.dumps(told))


def desadv(database, file):
    rows = sqlite3.connect(f"file:{database}?mode=ro", uri=True).execute(
        "SELECT l.line_no, l.first_lot, l.lots, l.lot_size, l.released_on, i.item_id, i.unit_code, a.supplier_id FROM order_line AS l "
        "JOIN item AS i ON i.item_no = l.source_no / 100 JOIN agreement AS a ON a.item_id = i.item_id AND a.supplier_rank = l.source_no % 100 "
        "WHERE l.shipped_lots = 0 AND l.response <> 3 ORDER BY l.lots, l.line_no LIMIT 1"
    )
    line, first, lots, size, released, item, unit, supplier = rows.fetchone()
    left = datetime.date(1970, 1, 1) + datetime.timedelta(days=released + 1)
    quantity = f"{lots * size / 1000:.3f}".rstrip("0").rstrip(".")
    names = [f"{item}.{supplier}.{first + at:06d}" for at in (0, lots - 1)]
    message = Message("1", ("DESADV", "D", "96A", "UN"))
    for segment in [
        Segment("BGM", "351", "ASN-PYDIFACT", "9"),
        Segment("DTM", ["11", left.strftime("%Y%m%d"), "102"]),
        Segment("DTM", ["132", (left + datetime.timedelta(days=2)).strftime("%Y%m%d"), "102"]),
        Segment("NAD", "SU", [supplier, "", "92"]),
        Segment("CPS", "1"),
        Segment("LIN", "1", "", [item, "IN"]),
        Segment("PIA", "1", ["HEAT+7?'8", "NB"]),
        Segment("QTY", ["12", quantity, {"H87": "PCE"}.get(unit, unit)]),
        Segment("GIN", "BX", names if lots > 1 else names[0]),
        Segment("RFF", ["LI", str(line)]),
    ]:
        message.add_segment(segment)
    interchange = Interchange(
        sender=supplier, recipient="PLANT", control_reference="77", syntax_identifier=("UNOC", 3), timestamp=datetime.datetime(2024, 3, 1)
    )
    interchange.add_message(message)
    with open(file, "w", encoding="latin-1") as stream:
        stream.write(interchange.serialize())
    print(json.dumps({"item": item, "lot": names[0], "line": line, "lots": lots}))


{"check": check, "desadv": desadv}[sys.argv[1]](*sys.argv[2:])
