package io.backstay.inspect;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.backstay.diff.Codecs;
import io.backstay.diff.DiffSource;
import io.backstay.diff.IndexedDiffReader;
import io.backstay.diff.SortedDiffReader;
import io.backstay.diff.Stretch;
import io.backstay.wdiff.DiffRecord.Kind;
import io.backstay.wdiff.IndexSuper;
import io.backstay.wdiff.MalformedDiffException;
import io.backstay.wlog.SessionUuid;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Reads a wdiff to its end, compares every checksum and unpacks every payload. */
public final class WdiffInspection {
  private final Findings findings = new Findings();
  private DiffTotals totals = DiffTotals.NONE;

  /**
   * What was found in the file.
   *
   * @param format {@code sorted} or {@code indexed}
   * @param packs of a sorted one, without the one that ends it
   * @param indexOffset of an indexed one
   * @param ios of an indexed one: what its writer was given
   * @param findingsCount all of them; at most the first 1000 are told
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Report(
      String file,
      String format,
      SessionUuid uuid,
      Integer packs,
      @JsonProperty("index_offset") Long indexOffset,
      @JsonProperty("n_data") Integer ios,
      DiffTotals totals,
      long findingsCount,
      List<Finding> findings) {}

  private WdiffInspection() {}

  /**
   * @param records told of each record
   */
  public static Report of(String file, DiffSource source, StretchShown.Sink records)
      throws IOException {
    return new WdiffInspection().run(file, source, records);
  }

  private Report run(String file, DiffSource source, StretchShown.Sink records) throws IOException {
    try (Codecs codecs = new Codecs()) {
      for (Optional<Stretch> next = next(source); next.isPresent(); next = next(source)) {
        Stretch stretch = next.get();
        totals = totals.plus(stretch);
        records.record(StretchShown.of(stretch));
        if (stretch.kind() == Kind.NORMAL) unpack(source, codecs);
      }
    }
    return switch (source) {
      case SortedDiffReader sorted -> report(file, sorted);
      case IndexedDiffReader indexed -> report(file, indexed);
      default -> throw new IllegalArgumentException("neither sorted nor indexed: " + source);
    };
  }

  /** What is wrong with the records ends the reading. */
  private Optional<Stretch> next(DiffSource source) throws IOException {
    try {
      return source.next();
    } catch (MalformedDiffException e) {
      findings.add(source.position(), null, e.getMessage());
      return Optional.empty();
    }
  }

  /** What is wrong with a payload is no reason not to look at the next one. */
  private void unpack(DiffSource source, Codecs codecs) throws IOException {
    try {
      source.raw(codecs);
    } catch (MalformedDiffException e) {
      findings.add(source.position(), null, e.getMessage());
    }
  }

  private Report report(String file, SortedDiffReader sorted) {
    return new Report(
        file,
        "sorted",
        sorted.uuid(),
        sorted.packs(),
        null,
        null,
        totals,
        findings.count(),
        findings.told());
  }

  private Report report(String file, IndexedDiffReader indexed) {
    IndexSuper index = indexed.index();
    return new Report(
        file,
        "indexed",
        indexed.uuid(),
        null,
        index.indexOffset(),
        index.ios(),
        totals,
        findings.count(),
        findings.told());
  }
}
