"""OpenTelemetry, started before anything else: spans of requests, PostgreSQL and Redis come by themselves, the browser's trace is continued by the W3C
propagator. Where it all goes is said by the standard variables (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME)."""

import json
import logging
import os
import resource
import sys
from contextlib import contextmanager

# The stable names: http.server.request.duration in seconds, db.query.text. Read when instrumentations are imported.
os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")

from opentelemetry import metrics, trace
from opentelemetry._logs import SeverityNumber, get_logger, set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

NAME = "farol-shop-python"


def _wanted(signal: str) -> bool:
    return any(os.environ.get(f"OTEL_EXPORTER_OTLP_{it}ENDPOINT") for it in ("", f"{signal}_"))


# Without an address the ids are said in answers and log lines all the same, and nothing is sent.
_spans = TracerProvider()
if _wanted("TRACES"):
    _spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(_spans)
_records = LoggerProvider()
if _wanted("LOGS"):
    _records.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
set_logger_provider(_records)
_figures = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())] if _wanted("METRICS") else [])
metrics.set_meter_provider(_figures)

AsyncPGInstrumentor().instrument()
RedisInstrumentor().instrument()

# What is said about sending itself would go through what does not work.
logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

tracer = trace.get_tracer(NAME)
meter = metrics.get_meter(NAME)
_logger = get_logger(NAME)


def _cpu(_options):
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield Observation(used.ru_utime, {"cpu.mode": "user"})
    yield Observation(used.ru_stime, {"cpu.mode": "system"})


def _memory(_options):
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            yield Observation(int(statm.read().split()[1]) * resource.getpagesize())
    except OSError:
        # Where there is no /proc, the most that it ever was, which macOS says in bytes.
        yield Observation(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


meter.create_observable_counter("process.cpu.time", [_cpu], unit="s")
meter.create_observable_up_down_counter("process.memory.usage", [_memory], unit="By")


@contextmanager
def step(name: str, **options):
    """Does a step of the work in a span of its own."""
    with tracer.start_as_current_span(name, **options) as span:
        yield span


def log(level: str, message: str, **attributes) -> None:
    """A line for people and a log record for the pipeline, both with the ids of the span in which it was said."""
    attributes = {key.replace("__", "."): value for key, value in attributes.items()}
    span = trace.get_current_span().get_span_context()
    ids = {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"} if span.is_valid else {}
    print(json.dumps({"level": level, "message": message, **attributes, **ids}), flush=True)
    _logger.emit(severity_number=SeverityNumber[level.upper()], severity_text=level, body=message, attributes=attributes)


def stop() -> None:
    """Sends what is left. A collector that is away must not keep the process long."""
    for provider in (_spans, _records, _figures):
        try:
            provider.shutdown()
        except Exception as error:  # noqa: BLE001 the process ends all the same
            print(f"{NAME}: not all telemetry was sent: {error}", file=sys.stderr)
