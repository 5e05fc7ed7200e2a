"""An embedded Kafka broker for laptops and tests: real Apache Kafka, or Tansu in memory."""
