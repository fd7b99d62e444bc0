"""An API that knows nothing of OpenTelemetry: `opentelemetry-instrument` starts it. `api.py PORT`."""

import sys

from flask import Flask

api = Flask(__name__)


@api.get("/invoices/<int:number>")
def invoice(number):
    return {"number": number}


@api.get("/reports")
def report():
    return {"error": "busy"}, 503


api.run(port=int(sys.argv[1]))
