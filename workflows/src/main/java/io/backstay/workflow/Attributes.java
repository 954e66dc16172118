package io.backstay.workflow;

import io.temporal.common.SearchAttributeKey;
import java.util.List;

/** Search attributes by which runs are found in Temporal (rule F3). */
public final class Attributes {
  public static final SearchAttributeKey<String> VOLUME =
      SearchAttributeKey.forKeyword("BackstayVolume");
  public static final SearchAttributeKey<String> SERVER =
      SearchAttributeKey.forKeyword("BackstayServer");

  /** Those that the worker registers at start. */
  public static final List<SearchAttributeKey<String>> ALL = List.of(VOLUME, SERVER);

  private Attributes() {}
}
