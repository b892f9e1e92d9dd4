package dev.lockstep.cli.latedevice;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.DeviceProvider;
import dev.lockstep.torch.EagerNorm;
import dev.lockstep.torch.NormKernels;
import dev.lockstep.torch.TorchRuntime;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/**
 * A device that stands for a card: its tensors are copies that the host does not see, hooks run elsewhere, and batch norm is
 * computed with what follows it. Found only by JVMs whose class path names it.
 */
public final class LateProvider implements DeviceProvider {
    private static final NormKernels NORMS = new EagerNorm();

    @Override
    public String kind() {
        return "cuda";
    }

    @Override
    public Optional<LockstepException> missing(String name) {
        return Optional.empty();
    }

    @Override
    public int count() {
        return 1;
    }

    @Override
    public Device open(int index, int localRank) {
        TorchRuntime.load();
        return (Device) Proxy.newProxyInstance(
                Device.class.getClassLoader(), new Class<?>[] {Device.class}, (self, method, arguments) -> {
                    switch (method.getName()) {
                        case "name", "fingerprint", "toString":
                            return "cuda:0 of the test";
                        case "hashCode":
                            return System.identityHashCode(self);
                        case "equals":
                            return self == arguments[0];
                        case "hooksRunInCaller":
                            return false;
                        case "norms":
                            return Optional.of(NORMS);
                        case "images":
                            return ((Tensor) method.invoke(Device.cpu(), arguments)).clone();
                        case "onHost":
                            if (arguments[0] instanceof List<?> buffers) {
                                onHost(buffers.stream().map(Tensor.class::cast).toList(), arguments[1]);
                                return null;
                            }
                            onHost(List.of((Tensor) arguments[0]), arguments[1]);
                            return null;
                        default:
                            try {
                                return method.invoke(Device.cpu(), arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                    }
                });
    }

    @SuppressWarnings("unchecked")
    private static void onHost(List<Tensor> buffers, Object work) {
        List<Tensor> copies = buffers.stream().map(Tensor::clone).toList();
        ((Consumer<List<Tensor>>) work).accept(copies);
        for (int i = 0; i < copies.size(); i++) {
            buffers.get(i).copy_(copies.get(i));
        }
    }
}
