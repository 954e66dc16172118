/**
 * Points that an archive serves over NBD at once, without copying them first (rule X8). Begin at
 * {@link io.backstay.export.OpenExports}; a read's way is {@link io.backstay.export.PointExport}, a
 * write's way {@link io.backstay.export.WritableExport}.
 */
package io.backstay.export;
