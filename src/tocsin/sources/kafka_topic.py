"""Whether a topic that is being read is still the one it was: a name can be used again for another topic."""

from __future__ import annotations

from concurrent.futures import TimeoutError as NoAnswerError

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from tocsin.errors import SettingsError
from tocsin.kafka import Cluster, Topic, bad_option

_ANSWER = 2.0
"""Seconds to wait for an answer: on a quiet cluster it takes half a millisecond."""


class SameTopic:
    """Asks the cluster for the id of a topic's name. May be used from any thread.

    A consumer reads on without a word when its topic is deleted and made anew, at the same offset. Whoever
    asks after reading and before storing knows what was read: an id is never used again.

    Args:
        cluster: where the topic is.
        topic: as it was at the start.

    Raises:
        SettingsError: a client property that librdkafka does not accept.
    """

    def __init__(self, cluster: Cluster, topic: Topic) -> None:
        self._topic = topic
        try:
            self._admin = AdminClient(cluster.client({"error_cb": lambda _: None}))
        except KafkaException as error:
            raise bad_option(error) from error

    def confirm(self) -> None:
        """Return when the name has the id, or nobody answers: then nothing new was read either.

        Raises:
            SettingsError: the name has another id by now.
        """
        name = self._topic.name
        try:
            topics = self._admin.describe_topics(TopicCollection([name]), request_timeout=_ANSWER)
            found = topics[name].result(_ANSWER)
        except (KafkaException, NoAnswerError):
            return
        now = str(found.topic_id) if found.topic_id else name
        if now != self._topic.id:
            raise SettingsError(
                f"topic {name!r} was made anew while it was read: it was {self._topic.id}, and is {now} now",
                "that is another topic: choose another folder with --results (and --csv)",
            )
