/** Where files lie: text becomes a path here and nowhere else, on a local disk or in a store such as S3. */
@NullMarked
package dev.lockstep.storage;

import org.jspecify.annotations.NullMarked;
