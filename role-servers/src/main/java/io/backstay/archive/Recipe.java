package io.backstay.archive;

import io.backstay.history.KeptDiff;
import java.util.List;

/**
 * What the image of a point is made of.
 *
 * @param diffs over the image, oldest first; none where the image is the point by itself
 * @param sizeBytes of the volume at that point (rule L9)
 */
record Recipe(long gid, ArchiveVolume.Image image, List<KeptDiff> diffs, long sizeBytes) {}
