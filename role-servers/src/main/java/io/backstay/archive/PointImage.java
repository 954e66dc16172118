package io.backstay.archive;

import io.backstay.image.RangeSource;
import java.io.Closeable;

/** The image of a point, as a source of ranges, while somebody reads it. */
interface PointImage extends RangeSource, Closeable {}
