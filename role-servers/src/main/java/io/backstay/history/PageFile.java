package io.backstay.history;

import io.backstay.seam.AppendFile;
import io.backstay.seam.BlockDevice;
import io.backstay.seam.Directory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A file of entries of one size that lives no longer than who made it: what would be too much for
 * memory. Nothing of it is made durable, but what rots on the disk meanwhile is noticed. Integers
 * are little-endian.
 *
 * <pre>
 *   off   size  page, 16384 bytes
 *     0      4  CRC32C of bytes 4 .. 16383
 *     4      4  entries in this page; only the last one has fewer than there is room for
 *     8      8  number of the page
 *    16  n * m  entries
 * </pre>
 */
final class PageFile implements Closeable {
  static final int PAGE_BYTES = 16384;
  private static final int HEADER_BYTES = 16;

  private final Directory directory;
  private final String name;
  private final BlockReads reads;
  private final BlockDevice device;
  private final int entryBytes;
  private final long entries;

  private PageFile(Directory directory, String name, BlockReads reads, int entryBytes, long entries)
      throws IOException {
    this.directory = directory;
    this.name = name;
    this.reads = reads;
    this.entryBytes = entryBytes;
    this.entries = entries;
    this.device = directory.openDevice(name);
  }

  long entries() {
    return entries;
  }

  int entriesInPage() {
    return entriesInPage(entryBytes);
  }

  private static int entriesInPage(int entryBytes) {
    return (PAGE_BYTES - HEADER_BYTES) / entryBytes;
  }

  long pages() {
    return (entries + entriesInPage() - 1) / entriesInPage();
  }

  /** Most pages that are read at once. */
  int pagesAtOnce() {
    return reads.bytesMax() / PAGE_BYTES;
  }

  /** The entries of a page, one behind the other. */
  ByteBuffer read(long page) throws IOException {
    return read(page, 1).getFirst();
  }

  /** The same of each of several pages, {@link #pagesAtOnce} at most. */
  List<ByteBuffer> read(long first, int number) throws IOException {
    byte[] all = reads.read(device, first * PAGE_BYTES, number * PAGE_BYTES);
    List<ByteBuffer> pages = new ArrayList<>();
    for (int i = 0; i < number; i++)
      pages.add(entries(first + i, ByteBuffer.wrap(all, i * PAGE_BYTES, PAGE_BYTES).slice()));
    return pages;
  }

  private ByteBuffer entries(long page, ByteBuffer bytes) throws IOException {
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.getInt(0) != checksum(bytes) || bytes.getLong(8) != page)
      throw new IOException(
          "page %d of %s in %s is not as it was written"
              .formatted(page, name, directory.description()));
    return bytes
        .slice(HEADER_BYTES, bytes.getInt(4) * entryBytes)
        .asReadOnlyBuffer()
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The file is gone when it returns. */
  @Override
  public void close() throws IOException {
    device.close();
    directory.delete(name);
  }

  private static int checksum(ByteBuffer page) {
    CRC32C crc = new CRC32C();
    crc.update(page.slice(4, PAGE_BYTES - 4));
    return (int) crc.getValue();
  }

  /** A file that is being written; closed before {@link #finish} it never was. */
  static final class Writing implements Closeable {
    private final Directory directory;
    private final String name;
    private final int entryBytes;
    private final AppendFile file;
    private final ByteBuffer page =
        ByteBuffer.allocate(PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN).position(HEADER_BYTES);
    private long entries;
    private boolean finished;

    /** Replaces a file that has the name. */
    Writing(Directory directory, String name, int entryBytes) throws IOException {
      this.directory = directory;
      this.name = name;
      this.entryBytes = entryBytes;
      directory.delete(name);
      this.file = directory.append(name);
    }

    /** Where the next entry is to be put, all of it. */
    ByteBuffer next() throws IOException {
      if (page.remaining() < entryBytes) writePage();
      entries++;
      return page;
    }

    long entries() {
      return entries;
    }

    int entriesInPage() {
      return PageFile.entriesInPage(entryBytes);
    }

    private void writePage() throws IOException {
      int used = page.position() - HEADER_BYTES;
      while (page.hasRemaining()) page.put((byte) 0);
      page.putInt(4, used / entryBytes);
      page.putLong(8, (entries - 1) / entriesInPage());
      page.putInt(0, checksum(page));
      file.append(page.clear());
      page.clear().position(HEADER_BYTES);
    }

    PageFile finish(BlockReads reads) throws IOException {
      if (page.position() > HEADER_BYTES) writePage();
      file.close();
      finished = true;
      return new PageFile(directory, name, reads, entryBytes, entries);
    }

    @Override
    public void close() throws IOException {
      if (finished) return;
      file.close();
      directory.delete(name);
    }
  }
}
