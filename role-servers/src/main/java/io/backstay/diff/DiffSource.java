package io.backstay.diff;

import io.backstay.wlog.SessionUuid;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A wdiff as it is read: stretches in order of their addresses, none overlapping the one before.
 * Not for several threads.
 */
public interface DiffSource extends Closeable {
  /** For messages: what is read. */
  String name();

  /** Of the session whose log it was made of. */
  SessionUuid uuid();

  /**
   * The next stretch; empty at the end.
   *
   * @throws io.backstay.wdiff.MalformedDiffException that says where, what was found and expected
   */
  Optional<Stretch> next() throws IOException;

  /** For messages: the byte of the file at which it stands. */
  long position();

  /**
   * The payload of the last stretch's record as stored, compared with its checksum; a direct
   * buffer, valid until {@link #next()}. Of normal stretches only.
   */
  ByteBuffer stored() throws IOException;

  /**
   * The data of the last stretch, unpacked: exactly its sectors; a direct buffer, valid until
   * {@link #next()}. Of normal stretches only.
   */
  ByteBuffer raw(Codecs codecs) throws IOException;
}
