package dev.lockstep.cli.command;

import dev.lockstep.cli.Version;
import dev.lockstep.cli.doctor.Doctor;
import dev.lockstep.cli.doctor.Finding;
import dev.lockstep.cli.doctor.Finding.Level;
import dev.lockstep.text.Json;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lockstep doctor}: diagnoses this machine and suggests fixes. */
@Command(
        name = "doctor",
        description = {
            "Diagnoses this machine and suggests fixes: versions, native libraries, threads, allocator, folders and"
                    + " network.",
            "The exit code is 0 if Lockstep works here, otherwise 2."
        },
        footer = {"", "Example: lockstep doctor --json"})
public final class DoctorCommand implements Callable<Integer> {
    private static final int UNUSABLE = 2;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    private record Diagnosis(boolean usable, List<Finding> findings) {}

    @Override
    public Integer call() {
        List<Finding> findings = Doctor.examine(Version.NUMBER);
        System.out.println(json ? Json.pretty(new Diagnosis(isUsable(findings), findings)) : text(findings));
        return isUsable(findings) ? 0 : UNUSABLE;
    }

    static boolean isUsable(List<Finding> findings) {
        return findings.stream().noneMatch(finding -> finding.level() == Level.FAIL);
    }

    static String text(List<Finding> findings) {
        StringBuilder text = new StringBuilder();
        String group = "";
        for (Finding finding : findings) {
            if (!finding.group().equals(group)) {
                group = finding.group();
                text.append(group).append('\n');
            }
            text.append(String.format(
                    Locale.ROOT, "  %-4s  %-26s  %s%n", name(finding.level()), finding.subject(), finding.value()));
            if (!finding.fix().isEmpty()) {
                text.append(String.format(Locale.ROOT, "  %-4s  %-26s  → %s%n", "", "", finding.fix()));
            }
        }
        return text.append(verdict(findings)).toString();
    }

    private static String verdict(List<Finding> findings) {
        long failures = count(findings, Level.FAIL);
        long warnings = count(findings, Level.WARN);
        String first = failures == 0
                ? "Lockstep works here"
                : "Lockstep does not work here: " + failures + (failures == 1 ? " problem" : " problems");
        return warnings == 0 ? first : first + ", " + warnings + (warnings == 1 ? " warning" : " warnings");
    }

    private static long count(List<Finding> findings, Level level) {
        return findings.stream().filter(finding -> finding.level() == level).count();
    }

    private static String name(Level level) {
        return level.name().toLowerCase(Locale.ROOT);
    }
}
