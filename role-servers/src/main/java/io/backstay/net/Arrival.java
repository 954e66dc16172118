package io.backstay.net;

import io.backstay.wire.Frame;

/**
 * A frame that came.
 *
 * @param bytes what it takes in memory while it waits: head, checksums and payload
 */
record Arrival(Frame frame, long bytes) {}
