package io.backstay.inspect;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.backstay.wlog.PackHeader;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A pack of a log.
 *
 * @param offsetBytes where its header is in the file
 * @param totalIoSize physical blocks of data behind the header
 */
public record PackShown(
    long offsetBytes,
    @JsonProperty("logpack_lsid") long logpackLsid,
    @JsonProperty("total_io_size") int totalIoSize,
    @JsonProperty("n_records") int records,
    @JsonProperty("n_padding") int paddings,
    @JsonProperty("records") List<RecordShown> content) {

  static PackShown of(long offsetBytes, PackHeader pack) {
    return new PackShown(
        offsetBytes,
        pack.lsid(),
        pack.dataBlocks(),
        pack.records().size(),
        pack.paddings(),
        pack.records().stream().map(record -> RecordShown.of(pack, record)).toList());
  }

  /** Told of each pack, in the log's order. */
  @FunctionalInterface
  public interface Sink {
    void pack(PackShown pack);
  }

  @Override
  public String toString() {
    return "pack byte %d  logpack_lsid %d  total_io_size %d  n_records %d  n_padding %d%n%s"
        .formatted(
            offsetBytes,
            logpackLsid,
            totalIoSize,
            records,
            paddings,
            content.stream().map(RecordShown::toString).collect(Collectors.joining("\n")));
  }
}
