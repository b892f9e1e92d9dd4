/** Paths in S3 and in stores that speak its protocol, by the AWS SDK. An optional module. */
@NullMarked
package dev.lockstep.storage.s3;

import org.jspecify.annotations.NullMarked;
