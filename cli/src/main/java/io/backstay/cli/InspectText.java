package io.backstay.cli;

import io.backstay.inspect.DiffTotals;
import io.backstay.inspect.Finding;
import io.backstay.inspect.LogDeviceInspection;
import io.backstay.inspect.Totals;
import io.backstay.inspect.WdiffInspection;
import io.backstay.inspect.WlogInspection;
import io.backstay.inspect.WlogShown;
import java.util.ArrayList;
import java.util.List;

/** Reports of inspections for people. */
final class InspectText {
  private InspectText() {}

  static String of(WlogInspection.Report report) {
    List<String> lines = new ArrayList<>(report.wlogs().stream().map(WlogShown::toString).toList());
    return ended(lines, report.totals(), report.findingsCount(), report.findings());
  }

  static String of(LogDeviceInspection.Report report) {
    List<String> lines = new ArrayList<>();
    lines.add(report.superSector().toString());
    lines.add(
        "log from lsid %d to lsid %d, where stands: %s"
            .formatted(report.superSector().oldestLsid(), report.endLsid(), report.endFound()));
    return ended(lines, report.totals(), report.findingsCount(), report.findings());
  }

  private static String ended(
      List<String> lines, Totals totals, long findingsCount, List<Finding> findings) {
    lines.add(
        "%d packs, %s with their headers: %d normal (%s), %d discard (%s), %d padding (%s)"
            .formatted(
                totals.packs(),
                Quantity.bytes(totals.logBytes()),
                totals.normal(),
                Quantity.bytes(totals.normalBytes()),
                totals.discard(),
                Quantity.bytes(totals.discardBytes()),
                totals.padding(),
                Quantity.bytes(totals.paddingBytes())));
    return found(lines, findingsCount, findings);
  }

  static String of(WdiffInspection.Report report) {
    DiffTotals totals = report.totals();
    List<String> lines = new ArrayList<>();
    lines.add("%s wdiff, uuid %s".formatted(report.format(), report.uuid()));
    if (report.packs() != null) lines.add("%d packs".formatted(report.packs()));
    if (report.indexOffset() != null)
      lines.add(
          "index at byte %d, made of %d writes, zeroes and discards"
              .formatted(report.indexOffset(), report.ios()));
    lines.add(
        "%d normal (%s, stored in %s), %d allzero (%s), %d discard (%s), up to sector %d"
            .formatted(
                totals.normal(),
                Quantity.bytes(totals.normalBytes()),
                Quantity.bytes(totals.dataBytes()),
                totals.allzero(),
                Quantity.bytes(totals.allzeroBytes()),
                totals.discard(),
                Quantity.bytes(totals.discardBytes()),
                totals.endSector()));
    return found(lines, report.findingsCount(), report.findings());
  }

  private static String found(List<String> lines, long findingsCount, List<Finding> findings) {
    lines.add(findingsCount == 0 ? "nothing is wrong" : findingsCount + " findings:");
    for (Finding finding : findings) lines.add("  " + finding);
    if (findingsCount > findings.size()) lines.add("  and more");
    return String.join(System.lineSeparator(), lines);
  }
}
