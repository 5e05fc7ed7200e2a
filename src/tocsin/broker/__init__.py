"""An embedded Kafka broker for laptops and tests: real Apache Kafka, or Tansu in memory."""

from tocsin.broker.engine import Notice, UnavailableError
from tocsin.broker.folder import Look, State, look
from tocsin.broker.running import Choice, Running, start, stop_broker

__all__ = ["Choice", "Look", "Notice", "Running", "State", "UnavailableError", "look", "start", "stop_broker"]
