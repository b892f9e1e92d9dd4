package dev.lockstep.torch;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.Replica;
import java.util.Set;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One class knows where host memory is: what trains must run on any {@link Device}. */
@Tag("slow")
class HostMemoryRuleTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .importUrl(Device.class.getProtectionDomain().getCodeSource().getLocation());

    private static final String ROOT = "dev.lockstep.";

    /** Everything that works on tensors. */
    private static final Set<String> TENSORS = Set.of("torch", "collective", "model", "optim", "checkpoint", "train");

    /** Of these, those that work on tensors of a run; a network is made in host memory and then placed. */
    private static final Set<String> RUN = Set.of("collective", "optim", "train");

    /** Calls that read or share the memory of a tensor. */
    private static final Pattern ACCESS = Pattern.compile(
            "(const_|mutable_)?data_ptr.*|from_blob|item.*|as(Byte)?Buffer|create(Buffer|Indexer)|accessor");

    /** Calls that put a tensor into host memory. */
    private static final Pattern ALLOCATION = Pattern.compile("zeros|ones|empty|full|rand|randn|tensor|create");

    private static DescribedPredicate<JavaMethodCall> callsOfLibtorch(Pattern names) {
        return describe(
                "calls of " + names.pattern(),
                call -> call.getTargetOwner().getPackageName().startsWith("org.bytedeco.")
                        && (call.getTargetOwner().isAssignableTo(Tensor.class)
                                || call.getTargetOwner().getPackageName().endsWith("javacpp")
                                || call.getTargetOwner().getSimpleName().matches("torch|AbstractTensor|TensorBase"))
                        && names.matcher(call.getName()).matches());
    }

    private static DescribedPredicate<JavaClass> in(Set<String> packages) {
        return describe(
                "are in " + packages,
                type -> type.getPackageName().startsWith(ROOT)
                        && packages.contains(type.getPackageName().substring(ROOT.length())));
    }

    @Test
    void tensorMemory_isKnownToTheCpuDeviceOnly() {
        noClasses()
                .that(in(TENSORS))
                .and()
                .doNotBelongToAnyOf(CpuDevice.class)
                .should()
                .callMethodWhere(callsOfLibtorch(ACCESS))
                .check(CLASSES);
    }

    @Test
    void tensorsOfARun_areAllocatedByTheDeviceOnly() {
        noClasses()
                .that(in(RUN))
                .or()
                .belongToAnyOf(FlatState.class, Replica.class)
                .should()
                .callMethodWhere(callsOfLibtorch(ALLOCATION))
                .check(CLASSES);
    }

    @Test
    void rules_failWhenBroken() {
        for (Pattern pattern : Set.of(ACCESS, ALLOCATION)) {
            assertThatThrownBy(() -> noClasses()
                            .that()
                            .belongToAnyOf(CpuDevice.class)
                            .should()
                            .callMethodWhere(callsOfLibtorch(pattern))
                            .check(CLASSES))
                    .isInstanceOf(AssertionError.class);
        }
    }
}
