package io.backstay.group;

import com.fasterxml.jackson.databind.JsonNode;
import io.backstay.wire.Cbor;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;

/**
 * The HTTP API of the Temporal server that the group runs itself: enough to know that it serves,
 * without the whole SDK.
 */
final class TemporalHttp {
  private static final int ANSWER_MILLIS_MAX = 3_000;

  private final String prefix;

  TemporalHttp(GroupFile.TemporalPlace place) {
    this.prefix =
        "http://%s/api/v1/namespaces/%s"
            .formatted(place.httpAddress().orElseThrow(), place.namespace());
  }

  /** The namespace, which is there only when the server serves. */
  JsonNode namespace() throws IOException {
    return call("");
  }

  /** Whether a worker asks for work of that queue. */
  boolean polled(String taskQueue) throws IOException {
    return call("/task-queues/" + taskQueue + "?taskQueueType=1").path("pollers").size() > 0;
  }

  private JsonNode call(String path) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) URI.create(prefix + path).toURL().openConnection();
    connection.setConnectTimeout(ANSWER_MILLIS_MAX);
    connection.setReadTimeout(ANSWER_MILLIS_MAX);
    int status = connection.getResponseCode();
    if (status != HttpURLConnection.HTTP_OK) {
      throw new IOException("%s answered HTTP %d".formatted(prefix + path, status));
    }
    try (InputStream in = connection.getInputStream()) {
      return Cbor.json().readTree(in);
    }
  }
}
