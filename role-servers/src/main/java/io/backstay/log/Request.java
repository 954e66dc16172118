package io.backstay.log;

import io.backstay.nbd.Export.Answer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A client's write or discard on its way into the log, cut into records (rule L7). What did not
 * find room yet is still in here. Not thread-safe: {@link Tail} guards it.
 */
final class Request {
  private final Entry.Kind kind;
  private final List<ByteBuffer> data;
  private final boolean durable;
  private final Answer answer;
  private long offset;
  private long lengthLeft;

  /** Index of the buffer where the next record's bytes begin, and how many of it are taken. */
  private int buffer;

  private int takenOfBuffer;

  private Request(
      Entry.Kind kind,
      long offset,
      long lengthBytes,
      List<ByteBuffer> data,
      boolean durable,
      Answer answer) {
    this.kind = kind;
    this.offset = offset;
    this.lengthLeft = lengthBytes;
    this.data = data;
    this.durable = durable;
    this.answer = answer;
  }

  /** The buffers must not change until the answer is given. */
  static Request write(
      long offset, long lengthBytes, List<ByteBuffer> data, boolean durable, Answer answer) {
    return new Request(Entry.Kind.WRITE, offset, lengthBytes, data, durable, answer);
  }

  static Request discard(long offset, long lengthBytes, boolean durable, Answer answer) {
    return new Request(Entry.Kind.DISCARD, offset, lengthBytes, List.of(), durable, answer);
  }

  Entry.Kind kind() {
    return kind;
  }

  boolean durable() {
    return durable;
  }

  Answer answer() {
    return answer;
  }

  long lengthLeft() {
    return lengthLeft;
  }

  long nextOffset() {
    return offset;
  }

  /** Bytes of the next record. */
  long nextLength(int recordBytesMax) {
    return Math.min(
        lengthLeft, kind == Entry.Kind.DISCARD ? LogRing.DISCARD_BYTES_MAX : recordBytesMax);
  }

  /** The bytes of the next record; positions and limits of the client's buffers stay. */
  List<ByteBuffer> nextData(int length) {
    if (length == lengthLeft && buffer == 0 && takenOfBuffer == 0) return data;
    List<ByteBuffer> parts = new ArrayList<>();
    int skip = takenOfBuffer;
    int left = length;
    for (int i = buffer; left > 0; i++) {
      ByteBuffer from = data.get(i);
      int part = Math.min(left, from.remaining() - skip);
      parts.add(from.slice(from.position() + skip, part));
      left -= part;
      skip = 0;
    }
    return parts;
  }

  /** The next record is in the log. */
  void advance(long length) {
    offset += length;
    lengthLeft -= length;
    long left = kind == Entry.Kind.DISCARD ? 0 : length;
    while (left > 0) {
      int rest = data.get(buffer).remaining() - takenOfBuffer;
      if (left < rest) {
        takenOfBuffer += (int) left;
        return;
      }
      left -= rest;
      buffer++;
      takenOfBuffer = 0;
    }
  }
}
