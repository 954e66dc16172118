package io.backstay.history;

import java.io.IOException;
import java.util.Optional;

/** Extents in ascending order, without overlaps. */
interface ExtentStream {
  Optional<Extent> next() throws IOException;
}
