/**
 * Reports as self-contained HTML pages, and their plots as SVG, PNG and CSV, generated from the files of a run or
 * a study.
 *
 * <p>Internal: not for programs outside of Lockstep, may change in any release.
 */
@NullMarked
package dev.lockstep.report;

import org.jspecify.annotations.NullMarked;
