/**
 * How the bytes of a whole volume or image move: read a few ranges ahead ({@link
 * io.backstay.image.Prefetch}), send them in address order ({@link io.backstay.image.ImageSender}),
 * write several at a time and make them durable in order ({@link io.backstay.image.RangeWriter}).
 * Backup and restore are the same road in two directions.
 */
package io.backstay.image;
