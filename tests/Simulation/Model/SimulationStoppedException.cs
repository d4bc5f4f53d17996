namespace Checkout.Simulation.Model;

/// <summary>
/// Something happened that a database would have refused, or that would have been parked: in a sound system it never
/// does.
/// </summary>
public sealed class SimulationStoppedException(string sentence) : Exception(sentence);
