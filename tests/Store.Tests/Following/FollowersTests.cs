using Checkout.Store.Checkouts.Following;
using Xunit;

namespace Checkout.Store.Tests.Following;

public sealed class FollowersTests
{
    private static readonly Guid Id = Guid.CreateVersion7();
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_that_follows_hears_of_its_checkout_alone_and_once()
    {
        var followers = new Followers(10);
        using var follower = followers.TryFollow(Id)!;
        followers.Tell(Guid.CreateVersion7(), NewHeard());
        var (first, second) = (NewHeard(), NewHeard());
        followers.Tell(Id, first);
        followers.Tell(Id, second);
        var (heard, hasToLook) = await follower.WokenAsync(Long, Cancel);
        Assert.Equal([first, second], heard);
        Assert.False(hasToLook);
        Assert.Equal((0, true), await follower.WokenAsync(TimeSpan.Zero, Cancel) is var (none, look)
            ? (none.Count, look) : default);
    }

    [Fact]
    public async Task One_that_comes_just_behind_an_event_hears_of_it()
    {
        var followers = new Followers(10);
        var ended = NewHeard("avatarstore.store.CheckoutCompleted", isOwn: true);
        followers.Tell(Id, ended);
        using var follower = followers.TryFollow(Id)!;
        var (heard, hasToLook) = await follower.WokenAsync(TimeSpan.Zero, Cancel);
        Assert.Equal([ended], heard);
        Assert.False(hasToLook);
    }

    [Fact]
    public async Task What_one_is_not_ready_for_is_kept_within_a_limit_and_then_it_looks()
    {
        var followers = new Followers(10);
        using var follower = followers.TryFollow(Id)!;
        for (var i = 0; i < 1_000; i++) followers.Tell(Id, NewHeard());
        var (heard, hasToLook) = await follower.WokenAsync(Long, Cancel);
        Assert.Equal((32, true), (heard.Count, hasToLook));
    }

    [Fact]
    public async Task All_look_when_something_may_have_been_missed()
    {
        var followers = new Followers(10);
        using var one = followers.TryFollow(Id)!;
        using var other = followers.TryFollow(Guid.CreateVersion7())!;
        followers.TellToLook();
        Assert.True((await one.WokenAsync(Long, Cancel)).HasToLook);
        Assert.True((await other.WokenAsync(Long, Cancel)).HasToLook);
    }

    [Fact]
    public void There_are_no_more_than_so_many_and_one_that_leaves_makes_room()
    {
        var followers = new Followers(2);
        var first = followers.TryFollow(Id)!;
        using var second = followers.TryFollow(Id);
        Assert.Null(followers.TryFollow(Id));
        first.Dispose();
        first.Dispose();
        Assert.Equal(1, followers.Count);
        using var third = followers.TryFollow(Id);
        Assert.NotNull(third);
        // One that is gone is told nothing, and that harms nobody.
        followers.Tell(Id, NewHeard());
        first.TellToLook();
    }

    [Fact]
    public void What_came_lately_is_known_for_a_while()
    {
        var followers = new Followers(1);
        var heard = NewHeard();
        followers.Tell(Id, heard);
        Assert.Equal([heard.Step], followers.Lately(Id));
        for (var i = 0; i < 20_000; i++) followers.Tell(Guid.CreateVersion7(), NewHeard());
        Assert.Empty(followers.Lately(Id));
    }

    internal static Heard NewHeard(string type = "avatarstore.balance.BalanceDeducted", bool isOwn = false) =>
        new(new(Guid.CreateVersion7(), type, "/balance/0", DateTime.UtcNow, isOwn), null);
}
