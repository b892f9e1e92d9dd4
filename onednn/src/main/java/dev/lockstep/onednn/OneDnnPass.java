package dev.lockstep.onednn;

import dev.lockstep.model.Engine;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.WorkerPass;
import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.ParameterRole;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.CpuDevice;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** One lane's program with its memory. Only the loss, over n × classes numbers, is libtorch's. */
final class OneDnnPass implements WorkerPass {
    private final Dnnl library = new Dnnl();
    private final Program program = new Program(library);
    private final Compilation compiled;
    private final Tensor logits;
    private final Tensor logitsGradient;
    /** The shared parameters, and which of them are γ and β. */
    private final FloatBuffer flat;

    private final List<ParameterLayout.Slot> norms;
    private final SharedWeights copies;
    /** The last generation of the parameters that it has computed with. */
    private long seen = -1;

    private boolean finite = true;

    OneDnnPass(NetworkGraph graph, Engine.Input input) {
        this.copies = SharedWeights.of(input.state());
        Parameters parameters = new Parameters(
                library,
                program,
                input.state().layout(),
                copies,
                CpuDevice.address(input.state().parameters()),
                CpuDevice.address(input.gradients()),
                CpuDevice.address(input.statistics()),
                input.onComplete());
        int type = input.precision() == Recipe.Precision.BF16 ? dnnl.dnnl_bf16 : dnnl.dnnl_f32;
        // Primitives divide their work among the threads that there are when they are created.
        TorchRuntime.setThreads(input.threads());
        try {
            this.compiled = new Compilation(library, graph, parameters, input.images(), type, input.epsilon());
        } catch (RuntimeException e) {
            copies.close();
            throw e;
        } finally {
            TorchRuntime.setThreads(1);
        }
        program.link();
        this.flat = CpuDevice.bytes(input.state().parameters()).asFloatBuffer();
        this.norms = input.state().layout().slots().stream()
                .filter(slot -> slot.role() == ParameterRole.NORM)
                .toList();
        int classes = graph.task().classes();
        this.logits = tensor(compiled.logits, input.images(), classes);
        this.logitsGradient = tensor(compiled.logitsGradient, input.images(), classes);
    }

    private static Tensor tensor(Value value, long images, long classes) {
        return StepScope.keep(torch.from_blob(new Floats(value.block.address), images, classes));
    }

    /** Floats at a given address. */
    private static final class Floats extends FloatPointer {
        Floats(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    @Override
    public void parametersChanged() {
        copies.changed();
    }

    @Override
    public Outcome compute(Tensor images, Tensor labels, int workers, Consumer<Tensor> onLogits) {
        long generation = copies.generation();
        if (seen != generation) {
            program.prepare(generation);
            finite = normsAreFinite();
            seen = generation;
        }
        Program.place(compiled.input, CpuDevice.address(images));
        program.run(0, compiled.forwardEnd);
        onLogits.accept(logits);
        Tensor leaf = logits.detach().set_requires_grad(true);
        Tensor loss = torch.cross_entropy_loss(leaf, labels);
        loss.mul(new Scalar(1.0 / workers)).backward();
        logitsGradient.copy_(leaf.grad());
        program.run(compiled.forwardEnd, program.size());
        return new Outcome(logits, finite ? loss : loss.detach().mul(new Scalar(Double.NaN)));
    }

    /** oneDNN's ReLU makes 0 of what is not a number: a β that is none would not be seen in loss and gradient. */
    private boolean normsAreFinite() {
        for (ParameterLayout.Slot slot : norms) {
            int from = Math.toIntExact(slot.offset());
            for (int i = from; i < from + slot.length(); i++) {
                if (!Float.isFinite(flat.get(i))) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Of the arena, in bytes. */
    long arenaBytes() {
        return program.arenaBytes();
    }

    /** Of the parameters' copies, which all lanes share, in bytes. */
    long copiesBytes() {
        return copies.bytes();
    }

    @Override
    public void close() {
        logits.close();
        logitsGradient.close();
        program.close();
        copies.close();
    }
}
