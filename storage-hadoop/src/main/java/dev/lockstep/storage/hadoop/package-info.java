/** Paths in HDFS, and in other file systems that Hadoop can open, by Hadoop's client. An optional module. */
@NullMarked
package dev.lockstep.storage.hadoop;

import org.jspecify.annotations.NullMarked;
