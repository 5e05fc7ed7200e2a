"""What everyone who talks to a Kafka cluster shares: how to reach it, and what keeps us out."""

from tocsin.kafka.cluster import Cluster, Topic, logger, topic_of, topic_there, unreachable
from tocsin.kafka.faults import bad_option
from tocsin.kafka.patience import LEADERLESS, UNSETTLED, patiently

__all__ = [
    "LEADERLESS",
    "UNSETTLED",
    "Cluster",
    "Topic",
    "bad_option",
    "logger",
    "patiently",
    "topic_of",
    "topic_there",
    "unreachable",
]
