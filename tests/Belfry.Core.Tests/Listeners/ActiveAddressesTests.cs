using Belfry.Contracts;
using Belfry.Core.Listeners;

namespace Belfry.Core.Tests.Listeners;

public sealed class ActiveAddressesTests : ActiveAddressesContract
{
    protected override IActiveAddresses Create() => new ActiveAddresses();
}
