package io.backstay.archive;

import io.backstay.model.Session;
import io.backstay.wdiff.DiffSidecar;
import io.backstay.wire.Message.WdiffVerdict.Verdict;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;

/** The diffs that an archive keeps, as those see them who bring more. */
interface VolumeDiffs {
  /**
   * {@code HAVE_IT} where it is here, alone or in what a merge or an apply made of it, {@code
   * GID_CONFLICT} where its gids stand for another stretch of the log, else {@code ACCEPT}.
   */
  Verdict judge(String volume, DiffSidecar offered) throws IOException;

  /** For people: what {@link #judge} found. */
  String words(String volume, DiffSidecar offered) throws IOException;

  /** Greater than every gid of a diff that is here. */
  long nextGid(String volume) throws IOException;

  /**
   * Whether its number is that of another session, which began. One that was agreed on, and of
   * which nothing came, did not: its storage began this one, while it did not reach this archive
   * (rule M2).
   */
  boolean hasOther(String volume, Session session) throws IOException;

  /** Whether no diff of the session is missing between that gid and the newest that is here. */
  boolean leadOn(String volume, Session session, long gid) throws IOException;

  /**
   * Makes room for a wdiff whose bytes follow.
   *
   * @param memory of the caller's until it is closed, as {@link io.backstay.diff.DiffDraft} wants
   *     it
   */
  Receiving receive(String volume, DiffSidecar offered, ByteBuffer memory) throws IOException;

  /**
   * Evidence of the storage: that cut was still newest at that time, and nothing behind it (M4).
   */
  void quiet(String volume, int session, long gid, Instant at);

  /** A wdiff on its way in; closed before its commit it never was. */
  interface Receiving extends Closeable {
    /**
     * @param bytes in order, best aligned for direct IO; all but the last are whole 64 KiB
     */
    void write(long offset, ByteBuffer bytes) throws IOException;

    /** Durable when it returns: the bytes, the sidecar, then the wdiff's name (rule X3). */
    void commit() throws IOException;
  }
}
